//! The same instruction, answered by two models.

use rusqlite::{OptionalExtension, Row, params};
use tpo_types::{Failure, Instruction, Parts};

use super::{Store, from_json, query_failed};
use crate::model_version::ModelVersion;
use crate::slice::Slice;

/// An instruction with the answers of two models.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The task.
    pub instruction: Instruction,
    /// The first completion of the earlier model that parsed.
    pub before: Parts,
    /// That of the later model.
    pub after: Parts,
}

impl Store {
    /// The first instruction of a validation set that both models answered with a completion that
    /// parsed.
    pub fn example(
        &self,
        set: &str,
        before: ModelVersion,
        after: ModelVersion,
    ) -> Result<Option<Example>, Failure> {
        let slice = |model| {
            let set = set.to_owned();
            Slice::Validation { set, model }.to_string()
        };
        let sql = "SELECT i.body, b.thought, b.response, a.thought, a.response FROM candidates b \
             JOIN candidates a ON a.instruction_id = b.instruction_id \
             JOIN instructions i ON i.split = ?3 AND i.id = b.instruction_id \
             WHERE b.slice = ?1 AND a.slice = ?2 AND b.response IS NOT NULL \
             AND a.response IS NOT NULL ORDER BY i.position, b.sample, a.sample LIMIT 1";
        let read = |row: &Row<'_>| {
            let parts = |thought, response| {
                Ok::<_, rusqlite::Error>(Parts {
                    thought: row.get(thought)?,
                    response: row.get(response)?,
                })
            };
            Ok((row.get::<_, String>(0)?, parts(1, 2)?, parts(3, 4)?))
        };
        let found = self
            .connection
            .query_row(sql, params![slice(before), slice(after), set], read)
            .optional()
            .map_err(query_failed)?;
        let Some((instruction, before, after)) = found else {
            return Ok(None);
        };
        Ok(Some(Example {
            instruction: from_json("an instruction", &instruction)?,
            before,
            after,
        }))
    }
}
