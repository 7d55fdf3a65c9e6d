//! The file of replies: what models have answered, by model and request.
//!
//! Each reply is committed as soon as it arrives. The file belongs to no run, so other runs can use
//! it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use tpo_types::{Digest, Failure, FailureKind};

use super::codec::to_json;

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS replies (
        key      TEXT PRIMARY KEY,
        model    TEXT NOT NULL,
        kind     TEXT NOT NULL,
        request  TEXT NOT NULL,
        reply    BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS identities (
        source   TEXT PRIMARY KEY,
        identity TEXT NOT NULL
    ) WITHOUT ROWID;
";

/// An open file of replies.
pub(super) struct ReplyFile {
    connection: Connection,
}

impl ReplyFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let cannot = |error: rusqlite::Error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot open the file of model replies `{}`", path.display()),
            )
            .because(error)
        };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| {
                Failure::new(
                    FailureKind::Resources,
                    format!("cannot create the directory `{}`", directory.display()),
                )
                .because(error)
            })?;
        }
        let connection = Connection::open(path).map_err(cannot)?;
        connection
            .busy_timeout(Duration::from_mins(1))
            .map_err(cannot)?;
        connection.execute_batch(TABLES).map_err(cannot)?;
        Ok(Self { connection })
    }

    /// A file that is never written to disk.
    pub(super) fn in_memory() -> Result<Self, Failure> {
        let connection = Connection::open_in_memory().map_err(broken)?;
        connection.execute_batch(TABLES).map_err(broken)?;
        Ok(Self { connection })
    }

    /// Copies the replies that this file lacks from another one.
    pub(super) fn copy_from(&self, other: &Path) -> Result<(), Failure> {
        self.connection
            .execute("ATTACH ?1 AS other", [other.display().to_string()])
            .map_err(broken)?;
        let copied = self.connection.execute_batch(
            "INSERT OR IGNORE INTO replies SELECT * FROM other.replies;
             INSERT OR IGNORE INTO identities SELECT * FROM other.identities;",
        );
        copied
            .and_then(|()| self.connection.execute_batch("DETACH other"))
            .map_err(broken)
    }

    /// The reply under `key`.
    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let sql = "SELECT reply FROM replies WHERE key = ?1";
        let found = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional());
        found.map_err(broken)
    }

    /// Whether there is any reply of a model.
    pub(super) fn has_any(&self, model: &str) -> Result<bool, Failure> {
        let sql = "SELECT EXISTS (SELECT 1 FROM replies WHERE model = ?1)";
        self.connection
            .query_row(sql, [model], |row| row.get(0))
            .map_err(broken)
    }

    /// Saves a reply.
    pub(super) fn put(
        &self,
        key: &str,
        model: &str,
        kind: &str,
        request: &impl Serialize,
        reply: &[u8],
    ) -> Result<(), Failure> {
        let sql = "INSERT OR REPLACE INTO replies (key, model, kind, request, reply) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![key, model, kind, to_json(request), reply];
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(row))
            .map_err(broken)?;
        Ok(())
    }

    /// Removes replies.
    pub(super) fn remove<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let transaction = self.connection.unchecked_transaction().map_err(broken)?;
        for key in keys {
            transaction
                .execute("DELETE FROM replies WHERE key = ?1", [key])
                .map_err(broken)?;
        }
        transaction.commit().map_err(broken)
    }

    /// The identity that the model of a source had when it was last available.
    pub(super) fn identity(&self, source: &str) -> Result<Option<String>, Failure> {
        let sql = "SELECT identity FROM identities WHERE source = ?1";
        self.connection
            .query_row(sql, [source], |row| row.get(0))
            .optional()
            .map_err(broken)
    }

    pub(super) fn put_identity(&self, source: &str, identity: &str) -> Result<(), Failure> {
        let sql = "INSERT OR REPLACE INTO identities (source, identity) VALUES (?1, ?2)";
        self.connection
            .execute(sql, [source, identity])
            .map_err(broken)?;
        Ok(())
    }
}

/// The key of a reply: the sha256 of the model's identity, the kind of request and the request.
pub(super) fn key(identity: &str, kind: &str, request: &impl Serialize) -> String {
    Digest::of_parts([identity, kind, &to_json(request)]).hex()
}

fn broken(error: rusqlite::Error) -> Failure {
    Failure::new(FailureKind::Resources, "cannot save a reply of a model")
        .because(error)
        .hint("check free space and the file `replies.db`; the replies in it remain valid")
}
