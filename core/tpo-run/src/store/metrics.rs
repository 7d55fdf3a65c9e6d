//! Optimizer steps, measurements and finished iterations.

use rusqlite::{OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use tpo_types::{Failure, StepMetrics};

use super::{Store, from_json, query_failed, to_json};
use crate::metrics::{IterationMetrics, Measurement};
use crate::model_version::ModelVersion;
use crate::policy::Policy;

/// A checkpoint of a finished iteration.
#[derive(Debug)]
pub(crate) struct StoredCheckpoint {
    /// Relative to the run directory.
    pub path: String,
    /// Digest of its manifest.
    pub sha256: String,
    /// Which model it is.
    pub version: ModelVersion,
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

    /// Records a measurement of the model with the files of `policy`.
    pub(crate) fn put_measurement(
        &self,
        measurement: &Measurement,
        policy: &Policy,
    ) -> Result<(), Failure> {
        let ModelVersion { iteration, step } = measurement.model;
        self.execute(
            "INSERT OR REPLACE INTO measurements (set_name, iteration, step, model, body) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                measurement.set,
                iteration as i64,
                step as i64,
                policy.identity,
                to_json(measurement)
            ],
        )
    }

    /// The recorded measurement of a model on a set, if it had the same files then.
    pub(crate) fn measurement(
        &self,
        set: &str,
        policy: &Policy,
    ) -> Result<Option<Measurement>, Failure> {
        let ModelVersion { iteration, step } = policy.version;
        let body: Option<String> = self
            .connection
            .query_row(
                "SELECT body FROM measurements \
                 WHERE set_name = ?1 AND iteration = ?2 AND step = ?3 AND model = ?4",
                params![set, iteration as i64, step as i64, policy.identity],
                |row| row.get(0),
            )
            .optional()
            .map_err(query_failed)?;
        body.map(|body| from_json("a measurement", &body))
            .transpose()
    }

    /// Every measurement, set after set, in the order of the models.
    pub fn measurements(&self) -> Result<Vec<Measurement>, Failure> {
        self.json_rows(
            "a measurement",
            "SELECT body FROM measurements ORDER BY set_name, iteration, step",
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
        let sql = "SELECT checkpoint, sha256, metrics FROM iterations WHERE iteration = ?1";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
        let found = self.connection.query_row(sql, [iteration as i64], read);
        let Some((path, sha256, metrics)) = found.optional().map_err(query_failed)? else {
            return Ok(None);
        };
        let metrics: IterationMetrics = from_json("an iteration", &metrics)?;
        Ok(Some(StoredCheckpoint {
            path,
            sha256,
            version: metrics.kept,
        }))
    }

    fn json_rows<T: DeserializeOwned>(&self, what: &str, sql: &str) -> Result<Vec<T>, Failure> {
        let bodies = self.rows(sql, params![], |row| row.get::<_, String>(0))?;
        bodies.iter().map(|body| from_json(what, body)).collect()
    }
}
