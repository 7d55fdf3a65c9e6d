//! An evaluation's answers and what judges made of them.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{OptionalExtension, Row, params};
use tpo_types::{Candidate, Failure, FailureKind, Instruction, ParseOutcome, Parts};

use super::{Store, from_json, query_failed, to_json};
use crate::groups::{CandidateGroup, Rendered};
use crate::metrics::JudgedSubject;
use crate::slice::Slice;

/// A completion with what the parser made of it, as stored.
struct CandidateRow {
    instruction_id: String,
    completion: String,
    outcome: ParseOutcome,
    thought_tokens: u32,
    response_tokens: u32,
}

impl Store {
    /// What a judge made of the responses of a slice, if it is stored under that key. `opponent` is
    /// empty for a judge that scores.
    pub(crate) fn outcome(
        &self,
        slice: &Slice,
        judge: &str,
        opponent: &str,
        cache_key: &str,
    ) -> Result<Option<JudgedSubject>, Failure> {
        let body: Option<String> = self
            .connection
            .query_row(
                "SELECT body FROM outcomes \
                 WHERE slice = ?1 AND judge = ?2 AND opponent = ?3 AND cache_key = ?4",
                params![slice.to_string(), judge, opponent, cache_key],
                |row| row.get(0),
            )
            .optional()
            .map_err(query_failed)?;
        body.map(|body| from_json("an outcome", &body)).transpose()
    }

    /// Records what a judge made of the responses of a slice.
    pub(crate) fn put_outcome(
        &self,
        slice: &Slice,
        judge: &str,
        opponent: &str,
        cache_key: &str,
        outcome: &JudgedSubject,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO outcomes (slice, judge, opponent, cache_key, body) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                slice.to_string(),
                judge,
                opponent,
                cache_key,
                to_json(outcome)
            ],
        )
    }

    /// The candidates of a slice that was sampled and parsed.
    pub(crate) fn candidate_groups<'a>(
        &self,
        slice: &Slice,
        instructions: &'a [Instruction],
    ) -> Result<Vec<CandidateGroup<'a>>, Failure> {
        let sql = "SELECT instruction_id, prompt, token_ids FROM prompts WHERE slice = ?1";
        let rows = self.rows(sql, [slice.to_string()], |row| {
            Ok((
                row.get(0)?,
                (row.get::<_, String>(1)?, row.get::<_, String>(2)?),
            ))
        })?;
        let mut prompts: HashMap<String, (String, String)> = rows.into_iter().collect();
        let mut candidates = self.candidates(slice)?;
        let lost = |id: &str| {
            Failure::new(
                FailureKind::Integrity,
                format!("the answers of {slice} to `{id}` are not in the store"),
            )
        };
        let group = |instruction: &'a Instruction| {
            let id = &instruction.id;
            let (prompt, token_ids) = prompts.remove(id).ok_or_else(|| lost(id))?;
            Ok(CandidateGroup {
                rendered: Rendered {
                    instruction,
                    prompt: from_json("a prompt", &prompt)?,
                    token_ids: from_json("a prompt", &token_ids)?,
                },
                candidates: candidates.remove(id).ok_or_else(|| lost(id))?,
            })
        };
        instructions.iter().map(group).collect()
    }

    fn candidates(&self, slice: &Slice) -> Result<BTreeMap<String, Vec<Candidate>>, Failure> {
        let sql = "SELECT c.instruction_id, s.body, c.thought, c.response, c.malformed, \
             c.thought_tokens, c.response_tokens FROM candidates c JOIN completions s \
             ON s.slice = c.slice AND s.instruction_id = c.instruction_id AND s.sample = c.sample \
             WHERE c.slice = ?1 ORDER BY c.instruction_id, c.sample";
        let rows = self.rows(sql, [slice.to_string()], CandidateRow::of)?;
        let mut candidates: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
        for row in rows {
            candidates
                .entry(row.instruction_id)
                .or_default()
                .push(Candidate {
                    completion: from_json("a completion", &row.completion)?,
                    outcome: row.outcome,
                    thought_tokens: row.thought_tokens,
                    response_tokens: row.response_tokens,
                    judgment: None,
                });
        }
        Ok(candidates)
    }
}

impl CandidateRow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let malformed: Option<String> = row.get(4)?;
        Ok(Self {
            instruction_id: row.get(0)?,
            completion: row.get(1)?,
            outcome: match malformed {
                Some(reason) => ParseOutcome::Malformed(reason),
                None => ParseOutcome::Parsed(Parts {
                    thought: row.get(2)?,
                    response: row.get(3)?,
                }),
            },
            thought_tokens: row.get(5)?,
            response_tokens: row.get(6)?,
        })
    }
}
