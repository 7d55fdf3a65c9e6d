//! `run.db`: the truth about a run.
//!
//! Every finished item is a committed row, so whatever ends the process, the same command goes on
//! behind the last row. The store keeps what the stages made; it decides nothing.

mod read;
mod write;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tpo_types::{Failure, FailureKind};

pub(crate) use read::from_json;
pub use read::{StoredPair, StoredSide};

/// Version of the tables; a store of another version is refused.
const SCHEMA_VERSION: i64 = 3;

/// A slice's part of a stage that is complete.
#[derive(Debug)]
pub(crate) struct Made {
    /// What it follows from, by a digest.
    pub name: String,
    /// Items in all.
    pub items: usize,
    /// Items that were taken as they were.
    pub taken: usize,
    /// What was seen while it was made, as JSON.
    pub seen: String,
}

/// The database of one run.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the database for writing, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path).map_err(|error| cannot_open(path, error))?;
        let store = Self { connection };
        store.prepare().map_err(|error| cannot_open(path, error))?;
        store.check_version(path)?;
        Ok(store)
    }

    /// Opens an existing database for reading, also while a run is writing it.
    pub fn open_read_only(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(Failure::new(
                FailureKind::Input,
                format!("there is no run at `{}`", path.display()),
            )
            .hint("name the directory of a run, for example `runs/quickstart`"));
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|connection| {
                connection
                    .busy_timeout(Duration::from_secs(10))
                    .map(|()| connection)
            })
            .map_err(|error| cannot_open(path, error))?;
        let store = Self { connection };
        store.check_version(path)?;
        Ok(store)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(Duration::from_secs(10))?;
        // FULL: a committed row survives power loss, not only a crash.
        self.connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )?;
        if self.version()? == 0 {
            let tables = include_str!("store/schema.sql");
            self.connection.execute_batch(&format!(
                "BEGIN; {tables} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            ))?;
        }
        Ok(())
    }

    fn version(&self) -> rusqlite::Result<i64> {
        self.connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
    }

    fn check_version(&self, path: &Path) -> Result<(), Failure> {
        let version = self.version().map_err(|error| cannot_open(path, error))?;
        if version == SCHEMA_VERSION {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Input,
            format!(
                "`{}` has version {version}; this tpo reads version {SCHEMA_VERSION}",
                path.display()
            ),
        )
        .hint("use the tpo that wrote it, or start a new run directory"))
    }

    /// A value of the run as a whole, for example its configuration.
    pub fn value(&self, key: &str) -> Result<Option<String>, Failure> {
        self.connection
            .query_row("SELECT value FROM run WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .map_err(broken)
    }

    /// Sets a value of the run as a whole.
    pub fn set_value(&self, key: &str, value: &str) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO run (key, value) VALUES (?1, ?2)",
            params![key, value],
        )
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Failure> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(broken)?;
        Ok(())
    }

    /// Runs `body` in one transaction: all of its rows or none.
    fn transaction<T>(&self, body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let transaction = self.connection.unchecked_transaction().map_err(broken)?;
        let value = body()?;
        transaction.commit().map_err(broken)?;
        Ok(value)
    }
}

fn cannot_open(path: &Path, error: rusqlite::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot open the run store `{}`", path.display()),
    )
    .because(error)
}

/// SQLite refused a statement that is right by construction: the disk is full, the file is damaged
/// or was taken away.
fn broken(error: rusqlite::Error) -> Failure {
    Failure::new(FailureKind::Resources, "the run store refused a row")
        .because(error)
        .hint(
            "check free space and the file `run.db`; the same command resumes behind the last \
            committed row",
        )
}

/// A stored JSON text that does not read back: someone else wrote the file.
fn damaged(what: &str, error: serde_json::Error) -> Failure {
    Failure::new(
        FailureKind::Integrity,
        format!("{what} in the run store does not read back"),
    )
    .because(error)
}

/// Serializes one of our own types; they have string keys and finite numbers, so it cannot fail.
pub(crate) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value)
        .unwrap_or_else(|error| unreachable!("own types serialize: {error}"))
}
