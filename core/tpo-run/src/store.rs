//! `run.db`: the record of a run, from which it resumes.
//!
//! Completions and optimizer steps are committed one by one, everything else once per slice and
//! stage. The store keeps what the stages made and decides nothing.

mod examples;
mod inputs;
mod judgments;
mod metrics;
mod outcomes;
mod outputs;
mod pairs;
mod recorded;
mod samples;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tpo_types::{Failure, FailureKind};

pub use examples::Example;
pub(crate) use judgments::{ComparisonRow, JudgmentsById, ResponsesById};
pub(crate) use metrics::StoredCheckpoint;
pub(crate) use outputs::StageOutput;
pub(crate) use pairs::StoredPair;
pub use recorded::{AnswersById, InstructionAnswers};
pub(crate) use samples::{CompletionKeys, CompletionsById};

/// Version of the tables. A store of another version is refused.
const SCHEMA_VERSION: i64 = 6;
/// How long to wait for another process that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database of one run.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the database for writing. Creates it where there is none.
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
            .and_then(|connection| connection.busy_timeout(BUSY_TIMEOUT).map(|()| connection))
            .map_err(|error| cannot_open(path, error))?;
        let store = Self { connection };
        store.check_version(path)?;
        Ok(store)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
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
        .hint("use the version of tpo that wrote it, or start a new run directory"))
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Failure> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(query_failed)?;
        Ok(())
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut statement = self.connection.prepare_cached(sql).map_err(query_failed)?;
        let rows = statement.query_map(values, read).map_err(query_failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(query_failed)
    }

    /// Runs `body` in one transaction: all of its rows or none.
    fn transaction<T>(&self, body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let transaction = self
            .connection
            .unchecked_transaction()
            .map_err(query_failed)?;
        let value = body()?;
        transaction.commit().map_err(query_failed)?;
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

/// Our statements are valid, so the disk is full, or the file is damaged or gone.
fn query_failed(error: rusqlite::Error) -> Failure {
    Failure::new(FailureKind::Resources, "the run store refused a row")
        .because(error)
        .hint(
            "check free space and the file `run.db`; the same command resumes after the last \
            committed row",
        )
}

/// Serializes one of our own types; they have string keys and finite numbers, so it cannot fail.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value)
        .unwrap_or_else(|error| unreachable!("own types serialize: {error}"))
}

/// Parses a stored JSON text. One that does not parse was not written by this program.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, body: &str) -> Result<T, Failure> {
    serde_json::from_str(body).map_err(|error| {
        Failure::new(
            FailureKind::Integrity,
            format!("{what} in the run store cannot be parsed"),
        )
        .because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_another_version_is_refused_by_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("run.db");
        Store::open(&path).expect("a new store");
        let connection = Connection::open(&path).expect("a database");
        connection
            .pragma_update(None, "user_version", 3)
            .expect("an older version");
        let refusal = Store::open(&path).expect_err("another version");
        assert_eq!(refusal.kind(), FailureKind::Input);
        let what = format!(
            "`{}` has version 3; this tpo reads version 6",
            path.display()
        );
        assert_eq!(refusal.to_string(), what);
        assert!(refusal.nearest_hint().is_some());
    }
}
