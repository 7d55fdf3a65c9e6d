//! What resuming, reports and exports read back.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use tpo_types::{Completion, Failure, Instruction, Judgment, Score, Scored, StepMetrics};

use super::{Made, Store, broken, damaged};
use crate::progress::Stage;
use crate::slice::Slice;

/// One side of a stored pair.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSide {
    /// The whole assistant turn.
    pub text: String,
    /// The judge's score; none where the completion did not parse.
    pub score: Option<f64>,
}

/// A pair, with what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPair {
    /// The slice it was selected from.
    pub slice: String,
    /// The task.
    pub instruction: Instruction,
    /// The rendered prompt.
    pub prompt: tpo_types::Prompt,
    /// The better side.
    pub chosen: StoredSide,
    /// The worse side.
    pub rejected: StoredSide,
}

impl Store {
    /// The completions of a slice that are already sampled, by instruction id and index.
    pub fn completions(
        &self,
        slice: Slice,
    ) -> Result<HashMap<(String, usize), Completion>, Failure> {
        let sql = "SELECT instruction_id, sample, body FROM completions WHERE slice = ?1";
        let rows = self.rows(sql, params![slice.to_string()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        rows.into_iter()
            .map(|(id, sample, body)| {
                Ok(((id, sample as usize), from_json("a completion", &body)?))
            })
            .collect()
    }

    /// A slice's part of a stage, once it is complete.
    pub(crate) fn made(&self, slice: Slice, stage: Stage) -> Result<Option<Made>, Failure> {
        let sql = "SELECT name, items, taken, seen FROM made WHERE slice = ?1 AND stage = ?2";
        let row =
            self.connection
                .query_row(sql, params![slice.to_string(), stage.as_str()], |row| {
                    let count = |index| row.get::<_, i64>(index).map(|count| count as usize);
                    Ok(Made {
                        name: row.get(0)?,
                        items: count(1)?,
                        taken: count(2)?,
                        seen: row.get(3)?,
                    })
                });
        row.optional().map_err(broken)
    }

    /// The judgments of a slice, by instruction id and sample.
    pub(crate) fn judgments(
        &self,
        slice: Slice,
    ) -> Result<HashMap<(String, usize), Judgment>, Failure> {
        let sql = "SELECT instruction_id, sample, score, rationale, aspects, unscored FROM \
            judgments WHERE slice = ?1";
        let rows = self.rows(sql, params![slice.to_string()], |row| {
            let key = (row.get::<_, String>(0)?, row.get::<_, i64>(1)? as usize);
            let score: Option<f64> = row.get(2)?;
            Ok((
                key,
                score,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, Option<String>>(4)?,
                row.get(5)?,
            ))
        })?;
        rows.into_iter()
            .map(
                |(key, score, rationale, aspects, unscored): (_, _, _, _, Option<String>)| {
                    let judgment = match (score.and_then(Score::new), unscored) {
                        (_, Some(reason)) => Judgment::Unscored(reason),
                        (Some(score), None) => {
                            let aspects = from_json(
                                "the aspects of a judgment",
                                aspects.as_deref().unwrap_or("{}"),
                            )?;
                            Judgment::Scored(Scored {
                                score,
                                rationale,
                                aspects,
                            })
                        }
                        (None, None) => Judgment::Unscored("not judged".into()),
                    };
                    Ok((key, judgment))
                },
            )
            .collect()
    }

    /// The sha256 of each plugin of the run, in order.
    pub fn plugin_digests(&self) -> Result<Vec<String>, Failure> {
        self.rows(
            "SELECT sha256 FROM plugins ORDER BY position",
            params![],
            |row| row.get(0),
        )
    }

    /// The checkpoint of an iteration that has ended: path relative to the run directory and
    /// digest.
    pub fn checkpoint(&self, iteration: usize) -> Result<Option<(String, String)>, Failure> {
        self.connection
            .query_row(
                "SELECT checkpoint, sha256 FROM iterations WHERE iteration = ?1",
                [iteration as i64],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(broken)
    }

    /// The figures of every iteration that has ended, in order.
    pub fn iterations<T: DeserializeOwned>(&self) -> Result<Vec<T>, Failure> {
        self.json_rows(
            "an iteration",
            "SELECT figures FROM iterations ORDER BY iteration",
        )
    }

    /// The figures of every validation, in order.
    pub fn evaluations<T: DeserializeOwned>(&self) -> Result<Vec<T>, Failure> {
        self.json_rows(
            "an evaluation",
            "SELECT figures FROM evaluations ORDER BY iteration",
        )
    }

    /// Every optimizer step with its iteration, in order.
    pub fn steps(&self) -> Result<Vec<(usize, StepMetrics)>, Failure> {
        let sql = "SELECT iteration, metrics FROM steps ORDER BY iteration, step";
        let rows = self.rows(sql, params![], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.into_iter()
            .map(|(iteration, body)| Ok((iteration as usize, from_json("a step", &body)?)))
            .collect()
    }

    /// Every pair, in the order of the iterations and of the data set.
    pub fn pairs(&self) -> Result<Vec<StoredPair>, Failure> {
        let sql = "SELECT p.slice, i.body, r.prompt, c.body, j.score, d.body, k.score FROM pairs p \
             JOIN instructions i ON i.id = p.instruction_id \
             JOIN prompts r ON r.slice = p.slice AND r.instruction_id = p.instruction_id \
             JOIN completions c ON c.slice = p.slice AND c.instruction_id = p.instruction_id AND \
             c.sample = p.chosen \
             JOIN completions d ON d.slice = p.slice AND d.instruction_id = p.instruction_id AND \
             d.sample = p.rejected \
             LEFT JOIN judgments j ON j.slice = p.slice AND j.instruction_id = p.instruction_id \
             AND j.sample = p.chosen \
             LEFT JOIN judgments k ON k.slice = p.slice AND k.instruction_id = p.instruction_id \
             AND k.sample = p.rejected \
             ORDER BY i.position, p.slice, p.chosen, p.rejected";
        self.rows(sql, params![], |row| Ok(read_pair(row)))?
            .into_iter()
            .collect()
    }

    fn json_rows<T: DeserializeOwned>(&self, what: &str, sql: &str) -> Result<Vec<T>, Failure> {
        let bodies = self.rows(sql, params![], |row| row.get::<_, String>(0))?;
        bodies.iter().map(|body| from_json(what, body)).collect()
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut statement = self.connection.prepare_cached(sql).map_err(broken)?;
        let rows = statement.query_map(values, read).map_err(broken)?;
        rows.collect::<rusqlite::Result<_>>().map_err(broken)
    }
}

fn read_pair(row: &Row<'_>) -> Result<StoredPair, Failure> {
    let text = |index: usize| row.get::<_, String>(index).map_err(broken);
    let side = |body: usize, score: usize| -> Result<StoredSide, Failure> {
        let completion: Completion = from_json("a completion", &text(body)?)?;
        Ok(StoredSide {
            text: completion.text,
            score: row.get(score).map_err(broken)?,
        })
    };
    Ok(StoredPair {
        slice: text(0)?,
        instruction: from_json("an instruction", &text(1)?)?,
        prompt: from_json("a prompt", &text(2)?)?,
        chosen: side(3, 4)?,
        rejected: side(5, 6)?,
    })
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &str, body: &str) -> Result<T, Failure> {
    serde_json::from_str(body).map_err(|error| damaged(what, error))
}
