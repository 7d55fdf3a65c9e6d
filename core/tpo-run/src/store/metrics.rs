//! Optimizer steps, evaluations and finished iterations.

use rusqlite::{OptionalExtension, params};
use serde::de::DeserializeOwned;
use tpo_types::{Failure, StepMetrics};

use super::{Store, from_json, query_failed, to_json};
use crate::metrics::{Evaluation, IterationMetrics};

/// A checkpoint of a finished iteration.
#[derive(Debug)]
pub(crate) struct StoredCheckpoint {
    /// Relative to the run directory.
    pub path: String,
    /// Digest of its manifest.
    pub sha256: String,
}

/// An optimizer step of an iteration.
pub(crate) struct StoredStep {
    pub iteration: usize,
    pub metrics: StepMetrics,
}

impl Store {
    /// Deletes the steps of a training that was interrupted.
    pub(crate) fn clear_steps(&self, iteration: usize) -> Result<(), Failure> {
        self.execute("DELETE FROM steps WHERE iteration = ?1", [iteration as i64])
    }

    /// Records one optimizer step.
    pub(crate) fn put_step(&self, iteration: usize, metrics: &StepMetrics) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO steps (iteration, step, metrics) VALUES (?1, ?2, ?3)",
            params![iteration as i64, metrics.step as i64, to_json(metrics)],
        )
    }

    /// Every optimizer step, in order.
    pub(crate) fn steps(&self) -> Result<Vec<StoredStep>, Failure> {
        let sql = "SELECT iteration, metrics FROM steps ORDER BY iteration, step";
        let rows = self.rows(sql, params![], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.into_iter()
            .map(|(iteration, body)| {
                Ok(StoredStep {
                    iteration: iteration as usize,
                    metrics: from_json("a step", &body)?,
                })
            })
            .collect()
    }

    /// Records an evaluation.
    pub(crate) fn put_evaluation(&self, evaluation: &Evaluation) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO evaluations (iteration, metrics) VALUES (?1, ?2)",
            params![evaluation.iteration as i64, to_json(evaluation)],
        )
    }

    /// Every evaluation, in order.
    pub fn evaluations(&self) -> Result<Vec<Evaluation>, Failure> {
        self.json_rows(
            "an evaluation",
            "SELECT metrics FROM evaluations ORDER BY iteration",
        )
    }

    /// Records that an iteration is finished.
    pub(crate) fn put_iteration(
        &self,
        checkpoint: &StoredCheckpoint,
        metrics: &IterationMetrics,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO iterations (iteration, checkpoint, sha256, metrics) \
             VALUES (?1, ?2, ?3, ?4)",
            params![
                metrics.iteration as i64,
                checkpoint.path,
                checkpoint.sha256,
                to_json(metrics)
            ],
        )
    }

    /// The metrics of every finished iteration, in order.
    pub fn iterations(&self) -> Result<Vec<IterationMetrics>, Failure> {
        self.json_rows(
            "an iteration",
            "SELECT metrics FROM iterations ORDER BY iteration",
        )
    }

    /// The checkpoint of an iteration, if it is finished.
    pub(crate) fn checkpoint(&self, iteration: usize) -> Result<Option<StoredCheckpoint>, Failure> {
        self.connection
            .query_row(
                "SELECT checkpoint, sha256 FROM iterations WHERE iteration = ?1",
                [iteration as i64],
                |row| {
                    Ok(StoredCheckpoint {
                        path: row.get(0)?,
                        sha256: row.get(1)?,
                    })
                },
            )
            .optional()
            .map_err(query_failed)
    }

    fn json_rows<T: DeserializeOwned>(&self, what: &str, sql: &str) -> Result<Vec<T>, Failure> {
        let bodies = self.rows(sql, params![], |row| row.get::<_, String>(0))?;
        bodies.iter().map(|body| from_json(what, body)).collect()
    }
}
