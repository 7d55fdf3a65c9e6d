//! Prompts and completions.

use std::collections::{BTreeMap, HashMap};

use rusqlite::params;
use tpo_types::{Completion, Failure, SampleId};

use super::{Store, from_json, to_json};
use crate::groups::Rendered;
use crate::slice::Slice;

/// Completions by instruction id and index.
pub(crate) type CompletionsById = HashMap<String, BTreeMap<usize, Completion>>;

impl Store {
    /// Records the rendered prompts of a slice.
    pub(crate) fn put_prompts(
        &self,
        slice: &Slice,
        prompts: &[Rendered<'_>],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for rendered in prompts {
                self.execute(
                    "INSERT OR REPLACE INTO prompts (slice, instruction_id, prompt, token_ids) \
                     VALUES (?1, ?2, ?3, ?4)",
                    params![
                        slice.to_string(),
                        rendered.instruction.id,
                        to_json(&rendered.prompt),
                        to_json(&rendered.token_ids)
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// Records one completion.
    pub(crate) fn put_completion(
        &self,
        slice: &Slice,
        id: &SampleId,
        completion: &Completion,
    ) -> Result<(), Failure> {
        self.insert_completion(&slice.to_string(), &id.instruction_id, id.index, completion)
    }

    /// Records the completions of a slice that another run sampled.
    pub(crate) fn put_completions(
        &self,
        slice: &Slice,
        completions: &CompletionsById,
    ) -> Result<(), Failure> {
        let slice = slice.to_string();
        self.transaction(|| {
            for (id, of_one) in completions {
                for (index, completion) in of_one {
                    self.insert_completion(&slice, id, *index, completion)?;
                }
            }
            Ok(())
        })
    }

    fn insert_completion(
        &self,
        slice: &str,
        instruction_id: &str,
        index: usize,
        completion: &Completion,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO completions (slice, instruction_id, sample, body) \
             VALUES (?1, ?2, ?3, ?4)",
            params![slice, instruction_id, index as i64, to_json(completion)],
        )
    }

    /// The completions of a slice that are already sampled.
    pub(crate) fn completions(&self, slice: &Slice) -> Result<CompletionsById, Failure> {
        let sql = "SELECT instruction_id, sample, body FROM completions WHERE slice = ?1";
        let rows = self.rows(sql, params![slice.to_string()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)? as usize,
                row.get::<_, String>(2)?,
            ))
        })?;
        let mut completions = CompletionsById::new();
        for (id, index, body) in rows {
            let completion = from_json("a completion", &body)?;
            completions.entry(id).or_default().insert(index, completion);
        }
        Ok(completions)
    }
}
