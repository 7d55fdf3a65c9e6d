//! What the stages commit.

use std::collections::HashMap;

use rusqlite::params;
use serde::Serialize;
use serde_json::{Map, Value};
use tpo_types::{
    CandidateGroup, Completion, Failure, Instruction, Judgment, ParseOutcome, PluginIdentity,
    PluginRole, Preference, Prompt, SampleId, Selection, StepMetrics, Verdict,
};

use super::{Made, Store, to_json};
use crate::progress::Stage;
use crate::slice::Slice;

impl Store {
    /// Records which code plays a role, and its configuration, in its place among all.
    pub fn put_plugin(
        &self,
        position: usize,
        role: PluginRole,
        plugin: &PluginIdentity,
        config: &Map<String, Value>,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO plugins (position, role, name, version, sha256, source, \
                config) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                position as i64,
                role.as_str(),
                plugin.name,
                plugin.version,
                plugin.sha256,
                plugin.source,
                to_json(config)
            ],
        )
    }

    /// Records the instructions of a split, in their order.
    pub fn put_instructions(
        &self,
        split: &str,
        instructions: &[Instruction],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for (position, instruction) in instructions.iter().enumerate() {
                self.execute(
                    "INSERT OR REPLACE INTO instructions (id, split, position, body) VALUES (?1, \
                        ?2, ?3, ?4)",
                    params![instruction.id, split, position as i64, to_json(instruction)],
                )?;
            }
            Ok(())
        })
    }

    /// Records the rendered prompts of a slice.
    pub fn put_prompts(
        &self,
        slice: Slice,
        prompts: &[(&str, &Prompt, &[u32])],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for (instruction_id, prompt, token_ids) in prompts {
                self.execute(
                    "INSERT OR REPLACE INTO prompts (slice, instruction_id, prompt, token_ids) \
                        VALUES (?1, ?2, ?3, ?4)",
                    params![
                        slice.to_string(),
                        instruction_id,
                        to_json(prompt),
                        to_json(token_ids)
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// Records one completion.
    pub fn put_completion(&self, id: &SampleId, completion: &Completion) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO completions (slice, instruction_id, sample, body) VALUES (?1, \
                ?2, ?3, ?4)",
            params![
                id.slice,
                id.instruction_id,
                id.index as i64,
                to_json(completion)
            ],
        )
    }

    /// Records completions that another run has sampled.
    pub(crate) fn put_completions(
        &self,
        slice: Slice,
        completions: &HashMap<(String, usize), Completion>,
    ) -> Result<(), Failure> {
        self.transaction(|| {
            completions
                .iter()
                .try_for_each(|((id, sample), completion)| {
                    self.execute(
                        "INSERT OR REPLACE INTO completions (slice, instruction_id, sample, body) \
                        VALUES (?1, ?2, ?3, ?4)",
                        params![slice.to_string(), id, *sample as i64, to_json(completion)],
                    )
                })
        })
    }

    /// Records that a slice's part of a stage is complete, what it follows from, and how much of it
    /// was taken as it was.
    pub(crate) fn put_made(&self, slice: Slice, stage: Stage, made: &Made) -> Result<(), Failure> {
        let Made {
            name,
            items,
            taken,
            seen,
        } = made;
        self.execute(
            "INSERT OR REPLACE INTO made (slice, stage, name, items, taken, seen) VALUES (?1, ?2, \
                ?3, ?4, ?5, ?6)",
            params![
                slice.to_string(),
                stage.as_str(),
                name,
                *items as i64,
                *taken as i64,
                seen
            ],
        )
    }

    /// Records the verdicts of a pairwise judge in another run.
    pub(crate) fn put_preferences_of(&self, slice: Slice, other: &Self) -> Result<(), Failure> {
        let sql = "SELECT instruction_id, first, second, preference, rationale FROM preferences \
            WHERE slice = ?1";
        let rows = other.rows(sql, params![slice.to_string()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, Option<String>>(4)?,
            ))
        })?;
        self.transaction(|| {
            rows.iter()
                .try_for_each(|(id, first, second, preference, rationale)| {
                    self.execute(
                        "INSERT OR REPLACE INTO preferences (slice, instruction_id, first, second, \
                        preference, rationale) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        params![slice.to_string(), id, first, second, preference, rationale],
                    )
                })
        })
    }

    /// Records what the parser made of the completions of a slice, and the judge's word on them.
    pub fn put_groups(&self, slice: Slice, groups: &[CandidateGroup]) -> Result<(), Failure> {
        self.transaction(|| {
            groups
                .iter()
                .try_for_each(|group| self.put_group(slice, group))
        })
    }

    fn put_group(&self, slice: Slice, group: &CandidateGroup) -> Result<(), Failure> {
        for (sample, candidate) in group.candidates.iter().enumerate() {
            let (thought, response, malformed) = match &candidate.outcome {
                ParseOutcome::Parsed(parts) => (
                    parts.thought.as_deref(),
                    Some(parts.response.as_str()),
                    None,
                ),
                ParseOutcome::Malformed(reason) => (None, None, Some(reason.as_str())),
            };
            self.execute(
                "INSERT OR REPLACE INTO candidates (slice, instruction_id, sample, thought, \
                    response, malformed, \
                 thought_tokens, response_tokens) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    slice.to_string(),
                    group.instruction_id,
                    sample as i64,
                    thought,
                    response,
                    malformed,
                    candidate.thought_tokens,
                    candidate.response_tokens
                ],
            )?;
            if let Some(judgment) = &candidate.judgment {
                self.put_judgment(slice, &group.instruction_id, sample, judgment)?;
            }
        }
        Ok(())
    }

    fn put_judgment(
        &self,
        slice: Slice,
        id: &str,
        sample: usize,
        judgment: &Judgment,
    ) -> Result<(), Failure> {
        let (score, rationale, aspects, unscored) = match judgment {
            Judgment::Scored(scored) => (
                Some(scored.score.get()),
                scored.rationale.as_deref(),
                Some(to_json(&scored.aspects)),
                None,
            ),
            Judgment::Unscored(reason) => (None, None, None, Some(reason.as_str())),
        };
        self.execute(
            "INSERT OR REPLACE INTO judgments (slice, instruction_id, sample, score, rationale, \
                aspects, unscored) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                slice.to_string(),
                id,
                sample as i64,
                score,
                rationale,
                aspects,
                unscored
            ],
        )
    }

    /// Records the verdicts of a pairwise judge: instruction id, sample shown first, sample shown
    /// second, verdict.
    pub fn put_preferences(
        &self,
        slice: Slice,
        verdicts: &[(&str, usize, usize, &Verdict)],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for (instruction_id, first, second, verdict) in verdicts {
                let preference = match &verdict.preference {
                    Preference::First => "first".to_owned(),
                    Preference::Second => "second".to_owned(),
                    Preference::Tie => "tie".to_owned(),
                    Preference::Unscored(reason) => format!("unscored: {reason}"),
                };
                self.execute(
                    "INSERT OR REPLACE INTO preferences (slice, instruction_id, first, second, \
                        preference, rationale) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        slice.to_string(),
                        instruction_id,
                        *first as i64,
                        *second as i64,
                        preference,
                        verdict.rationale
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// Records what was selected from the groups of a slice, in place of what was selected before.
    pub fn put_selections(
        &self,
        slice: Slice,
        selections: &[(&str, &Selection)],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            let slice = slice.to_string();
            self.execute("DELETE FROM pairs WHERE slice = ?1", [&slice])?;
            self.execute("DELETE FROM drops WHERE slice = ?1", [&slice])?;
            for (instruction_id, selection) in selections {
                match selection {
                    Selection::Dropped(reason) => self.execute(
                        "INSERT INTO drops (slice, instruction_id, reason) VALUES (?1, ?2, ?3)",
                        params![slice, instruction_id, reason],
                    )?,
                    Selection::Pairs(pairs) => {
                        for pair in pairs {
                            self.execute(
                                "INSERT INTO pairs (slice, instruction_id, chosen, rejected) \
                                    VALUES (?1, ?2, ?3, ?4)",
                                params![
                                    slice,
                                    instruction_id,
                                    pair.chosen() as i64,
                                    pair.rejected() as i64
                                ],
                            )?;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    /// Forgets the steps of a training that did not end.
    pub fn clear_steps(&self, iteration: usize) -> Result<(), Failure> {
        self.execute("DELETE FROM steps WHERE iteration = ?1", [iteration as i64])
    }

    /// Records one optimizer step.
    pub fn put_step(&self, iteration: usize, metrics: &StepMetrics) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO steps (iteration, step, metrics) VALUES (?1, ?2, ?3)",
            params![iteration as i64, metrics.step as i64, to_json(metrics)],
        )
    }

    /// Records the figures of a validation.
    pub fn put_evaluation(
        &self,
        iteration: usize,
        figures: &impl Serialize,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO evaluations (iteration, figures) VALUES (?1, ?2)",
            params![iteration as i64, to_json(figures)],
        )
    }

    /// Records that an iteration has ended: its checkpoint (relative to the run directory), the
    /// checkpoint's digest and the figures.
    pub fn put_iteration(
        &self,
        iteration: usize,
        checkpoint: &str,
        sha256: &str,
        figures: &impl Serialize,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO iterations (iteration, checkpoint, sha256, figures) VALUES \
                (?1, ?2, ?3, ?4)",
            params![iteration as i64, checkpoint, sha256, to_json(figures)],
        )
    }
}
