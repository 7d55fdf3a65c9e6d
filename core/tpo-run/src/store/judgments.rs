//! What the parser and the judge made of completions.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Row, params};
use tpo_types::{
    Candidate, Failure, Judgment, ParseOutcome, Preference, Score, Scored, Strength, Verdict,
};

use super::{Store, from_json, query_failed, to_json};
use crate::groups::CandidateGroup;
use crate::slice::Slice;

/// Judgments by instruction id and index.
pub(crate) type JudgmentsById = HashMap<String, BTreeMap<usize, Judgment>>;

/// Responses by instruction id, in the order in which they were sampled.
pub(crate) type ResponsesById = HashMap<String, Vec<Option<String>>>;

/// A comparison of two candidates of one instruction, by their indices.
#[derive(Debug)]
pub(crate) struct ComparisonRow<'a> {
    /// The instruction's id.
    pub instruction_id: &'a str,
    /// The candidate shown first.
    pub first: usize,
    /// The candidate shown second.
    pub second: usize,
    /// Which of them the judge preferred.
    pub verdict: &'a Verdict,
}

impl Store {
    /// Records what the parser made of the completions of a slice.
    pub(crate) fn put_candidates(
        &self,
        slice: &Slice,
        groups: &[CandidateGroup<'_>],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for group in groups {
                for (index, candidate) in group.candidates.iter().enumerate() {
                    self.insert_candidate(slice, group.id(), index, candidate)?;
                }
            }
            Ok(())
        })
    }

    /// Removes candidates of a slice that are not among these: another parser needed more of them.
    pub(crate) fn trim_candidates(
        &self,
        slice: &Slice,
        groups: &[CandidateGroup<'_>],
    ) -> Result<(), Failure> {
        let slice = slice.to_string();
        self.transaction(|| {
            for group in groups {
                for table in ["judgments", "candidates"] {
                    let sql = format!(
                        "DELETE FROM {table} \
                         WHERE slice = ?1 AND instruction_id = ?2 AND sample >= ?3"
                    );
                    let count = group.candidates.len() as i64;
                    self.execute(&sql, params![slice, group.id(), count])?;
                }
            }
            Ok(())
        })
    }

    fn insert_candidate(
        &self,
        slice: &Slice,
        instruction_id: &str,
        index: usize,
        candidate: &Candidate,
    ) -> Result<(), Failure> {
        let (thought, response, malformed) = match &candidate.outcome {
            ParseOutcome::Parsed(parts) => (parts.thought.as_ref(), Some(&parts.response), None),
            ParseOutcome::Malformed(reason) => (None, None, Some(reason)),
        };
        self.execute(
            "INSERT OR REPLACE INTO candidates (slice, instruction_id, sample, thought, response, \
             malformed, thought_tokens, response_tokens) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                slice.to_string(),
                instruction_id,
                index as i64,
                thought,
                response,
                malformed,
                candidate.thought_tokens,
                candidate.response_tokens
            ],
        )
    }

    /// The responses of a slice by instruction id, in the order in which they were sampled; none of
    /// a malformed completion.
    pub(crate) fn responses(&self, slice: &Slice) -> Result<ResponsesById, Failure> {
        let sql = "SELECT instruction_id, response FROM candidates \
            WHERE slice = ?1 ORDER BY instruction_id, sample";
        let rows = self.rows(sql, params![slice.to_string()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
        })?;
        let mut responses = ResponsesById::new();
        for (id, response) in rows {
            responses.entry(id).or_default().push(response);
        }
        Ok(responses)
    }

    /// Records the judgments of a slice, all or none.
    pub(crate) fn put_judgments(
        &self,
        slice: &Slice,
        groups: &[CandidateGroup<'_>],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for group in groups {
                for (index, candidate) in group.candidates.iter().enumerate() {
                    if let Some(judgment) = &candidate.judgment {
                        self.insert_judgment(slice, group.id(), index, judgment)?;
                    }
                }
            }
            Ok(())
        })
    }

    fn insert_judgment(
        &self,
        slice: &Slice,
        instruction_id: &str,
        index: usize,
        judgment: &Judgment,
    ) -> Result<(), Failure> {
        let (scored, unscored) = match judgment {
            Judgment::Scored(scored) => (Some(scored), None),
            Judgment::Unscored(reason) => (None, Some(reason)),
        };
        self.execute(
            "INSERT OR REPLACE INTO judgments (slice, instruction_id, sample, score, rationale, \
             aspects, unscored) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                slice.to_string(),
                instruction_id,
                index as i64,
                scored.map(|scored| scored.score.get()),
                scored.and_then(|scored| scored.rationale.as_ref()),
                scored.map(|scored| to_json(&scored.aspects)),
                unscored
            ],
        )
    }

    /// The judgments of a slice.
    pub(crate) fn judgments(&self, slice: &Slice) -> Result<JudgmentsById, Failure> {
        let sql = "SELECT instruction_id, sample, score, rationale, aspects, unscored \
            FROM judgments WHERE slice = ?1";
        let rows = self.rows(sql, params![slice.to_string()], |row| {
            let id = row.get::<_, String>(0)?;
            Ok((id, row.get::<_, i64>(1)? as usize, read_judgment(row)))
        })?;
        let mut judgments = JudgmentsById::new();
        for (id, index, judgment) in rows {
            judgments.entry(id).or_default().insert(index, judgment?);
        }
        Ok(judgments)
    }

    /// Records comparisons of a slice.
    pub(crate) fn put_preferences(
        &self,
        slice: &Slice,
        comparisons: &[ComparisonRow<'_>],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for comparison in comparisons {
                let verdict = comparison.verdict;
                let preference = match &verdict.preference {
                    Preference::First => "first".to_owned(),
                    Preference::Second => "second".to_owned(),
                    Preference::Tie => "tie".to_owned(),
                    Preference::Unscored(reason) => format!("unscored: {reason}"),
                };
                let strength = verdict.strength.map(|strength| match strength {
                    Strength::Slight => "slight",
                    Strength::Strong => "strong",
                });
                self.execute(
                    INSERT_PREFERENCE,
                    params![
                        slice.to_string(),
                        comparison.instruction_id,
                        comparison.first as i64,
                        comparison.second as i64,
                        preference,
                        strength,
                        verdict.first_probability,
                        verdict.rationale
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// Copies the comparisons of a slice from another run.
    pub(crate) fn copy_preferences(&self, slice: &Slice, from: &Self) -> Result<(), Failure> {
        let sql = "SELECT slice, instruction_id, first, second, preference, strength, \
            first_probability, rationale FROM preferences WHERE slice = ?1";
        let rows = from.rows(sql, params![slice.to_string()], |row| {
            (0..8)
                .map(|column| row.get::<_, rusqlite::types::Value>(column))
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        self.transaction(|| {
            rows.into_iter().try_for_each(|row| {
                self.execute(INSERT_PREFERENCE, rusqlite::params_from_iter(row))
            })
        })
    }
}

const INSERT_PREFERENCE: &str = "INSERT OR REPLACE INTO preferences (slice, instruction_id, \
    first, second, preference, strength, first_probability, rationale) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// Reads the columns from `score` on.
fn read_judgment(row: &Row<'_>) -> Result<Judgment, Failure> {
    let score: Option<f64> = row.get(2).map_err(query_failed)?;
    let unscored: Option<String> = row.get(5).map_err(query_failed)?;
    match (score.and_then(Score::new), unscored) {
        (_, Some(reason)) => Ok(Judgment::Unscored(reason)),
        (Some(score), None) => {
            let aspects: Option<String> = row.get(4).map_err(query_failed)?;
            Ok(Judgment::Scored(Scored {
                score,
                rationale: row.get(3).map_err(query_failed)?,
                aspects: from_json(
                    "the aspects of a judgment",
                    aspects.as_deref().unwrap_or("{}"),
                )?,
            }))
        }
        (None, None) => Ok(Judgment::Unscored("not judged".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Preference, strength and probability of every comparison of a store.
    fn preferences(store: &Store) -> Vec<(String, Option<String>, Option<f64>)> {
        let sql = "SELECT preference, strength, first_probability FROM preferences ORDER BY first";
        store
            .rows(sql, params![], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .expect("rows")
    }

    #[test]
    fn comparisons_keep_their_strength_and_probability_also_when_copied() {
        let directory = tempfile::tempdir().expect("a directory");
        let open = |name| Store::open(&directory.path().join(name)).expect("a store");
        let (store, copy) = (open("one.db"), open("other.db"));
        let strong = Verdict {
            preference: Preference::First,
            strength: Some(Strength::Strong),
            first_probability: Some(0.9),
            rationale: None,
        };
        let tie = Verdict::from(Preference::Tie);
        let row = |first, second, verdict| ComparisonRow {
            instruction_id: "a",
            first,
            second,
            verdict,
        };
        let slice = &Slice::Train(1);
        store
            .put_preferences(slice, &[row(0, 1, &strong), row(1, 0, &tie)])
            .expect("recorded");
        copy.copy_preferences(slice, &store).expect("copied");
        let expected = [
            ("first".to_owned(), Some("strong".to_owned()), Some(0.9)),
            ("tie".to_owned(), None, None),
        ];
        assert_eq!(preferences(&store), expected);
        assert_eq!(preferences(&copy), expected);
    }
}
