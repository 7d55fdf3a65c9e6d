//! Prompts and completions.

use std::collections::{BTreeMap, HashMap};

use rusqlite::params;
use tpo_types::{Completion, Failure, SampleId};

use super::{Store, from_json, to_json};
use crate::groups::Rendered;
use crate::progress::Stage;
use crate::slice::Slice;

/// The cache keys of completions, by the id of their instruction.
pub(crate) type CompletionKeys = HashMap<String, String>;

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

    /// Records one completion under its cache key.
    pub(crate) fn put_completion(
        &self,
        slice: &Slice,
        id: &SampleId,
        keys: &CompletionKeys,
        completion: &Completion,
    ) -> Result<(), Failure> {
        self.insert_completion(slice, &id.instruction_id, id.index, keys, completion)
    }

    /// Records the completions of a slice that another run sampled.
    pub(crate) fn put_completions(
        &self,
        slice: &Slice,
        keys: &CompletionKeys,
        completions: &CompletionsById,
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for (id, of_one) in completions {
                for (index, completion) in of_one {
                    self.insert_completion(slice, id, *index, keys, completion)?;
                }
            }
            Ok(())
        })
    }

    fn insert_completion(
        &self,
        slice: &Slice,
        instruction_id: &str,
        index: usize,
        keys: &CompletionKeys,
        completion: &Completion,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO completions (slice, instruction_id, sample, cache_key, body) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                slice.to_string(),
                instruction_id,
                index as i64,
                keys.get(instruction_id),
                to_json(completion)
            ],
        )
    }

    /// Removes the completions of these instructions that have another key, with what was made of
    /// them. Returns how many instructions that concerns.
    pub(crate) fn remove_outdated(
        &self,
        slice: &Slice,
        keys: &CompletionKeys,
    ) -> Result<usize, Failure> {
        let slice = slice.to_string();
        let sql = "SELECT DISTINCT instruction_id, cache_key FROM completions WHERE slice = ?1";
        let rows = self.rows(sql, [&slice], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let mut outdated: Vec<String> = rows
            .into_iter()
            .filter(|(id, key)| keys.get(id).is_some_and(|now| now != key))
            .map(|(id, _)| id)
            .collect();
        outdated.dedup();
        self.transaction(|| {
            for id in &outdated {
                for table in ["judgments", "candidates", "completions"] {
                    let sql =
                        format!("DELETE FROM {table} WHERE slice = ?1 AND instruction_id = ?2");
                    self.execute(&sql, params![slice, id])?;
                }
            }
            if !outdated.is_empty() {
                // New completions can be the same as the removed ones; their judgments are gone.
                let sql = "DELETE FROM stage_outputs WHERE slice = ?1 AND stage = ?2";
                self.execute(sql, params![slice, Stage::Judge.as_str()])?;
            }
            Ok(())
        })?;
        Ok(outdated.len())
    }

    /// The completions of a slice that are already sampled under these keys.
    pub(crate) fn completions(
        &self,
        slice: &Slice,
        keys: &CompletionKeys,
    ) -> Result<CompletionsById, Failure> {
        let sql = "SELECT instruction_id, sample, cache_key, body FROM completions \
             WHERE slice = ?1";
        let rows = self.rows(sql, params![slice.to_string()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)? as usize,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
            ))
        })?;
        let mut completions = CompletionsById::new();
        for (id, index, key, body) in rows {
            if keys.get(&id) != Some(&key) {
                continue;
            }
            let completion = from_json("a completion", &body)?;
            completions.entry(id).or_default().insert(index, completion);
        }
        Ok(completions)
    }
}
