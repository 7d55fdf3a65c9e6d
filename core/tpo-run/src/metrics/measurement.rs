//! One model on one validation set under one judge: an outcome per instruction. Everything else
//! that is said about a model is computed from these rows, paired by instruction.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tpo_eval::Scale;
use tpo_eval::estimate::estimate;
use tpo_judge::JudgeMetrics;
use tpo_types::{Judgment, ScoreRange};

use super::{SampleMetrics, mean};
use crate::groups::{CandidateGroup, replaced};
use crate::model_version::ModelVersion;

/// One model, measured on one validation set. `M` names models: the versions of a run by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement<M = ModelVersion> {
    /// The name of the set.
    pub set: String,
    /// The model.
    pub model: M,
    /// All its completions.
    pub sampled: SampleMetrics,
    /// How consistent the judges are.
    pub judge: JudgeMetrics,
    /// The range of the judge's scores, if it says so; none for a judge that compares.
    #[serde(default)]
    pub score_range: Option<ScoreRange>,
    /// An outcome per instruction.
    pub outcomes: Outcomes<M>,
}

/// What the judge said, in the order of the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcomes<M = ModelVersion> {
    /// The scores of a judge whose scores of two models can be compared.
    Scores(Vec<ScoredInstruction>),
    /// The comparisons of a judge that says which of two responses is better: with the base model
    /// and with the best model at that time. None for the base model itself.
    Comparisons(Vec<HeadToHead<M>>),
}

/// The outcomes of one instruction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredInstruction {
    /// The instruction's id.
    pub id: String,
    /// One per completion that was asked for: its own, or that of the one that was sampled again in
    /// its place.
    pub samples: Vec<SampleOutcome>,
}

/// The outcome of one completion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleOutcome {
    /// The judge's score of the response.
    Scored(f64),
    /// No completion parsed, however often it was sampled: worse than any response.
    Malformed,
    /// The judge failed, which says nothing about the response.
    Unscored,
}

/// The comparisons of a model's responses with another's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadToHead<M = ModelVersion> {
    /// The other model.
    pub opponent: M,
    /// One per instruction.
    pub rows: Vec<InstructionWin>,
}

/// How often the responses to one instruction were better than another model's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstructionWin {
    /// The instruction's id.
    pub id: String,
    /// 1 if the response won in both orders, 0 if it lost in both, one half otherwise; the mean
    /// over the completions. None if the judge failed.
    pub win: Option<f64>,
}

impl SampleOutcome {
    /// What a judge said of a response.
    pub(crate) fn of(judgment: &Judgment) -> Self {
        match judgment {
            Judgment::Scored(scored) => Self::Scored(scored.score.get()),
            Judgment::Unscored(_) => Self::Unscored,
        }
    }

    /// The score, with `floor` for a malformed completion; none if unscored.
    pub(super) fn value(self, floor: Option<f64>) -> Option<f64> {
        match self {
            Self::Scored(score) => Some(score),
            Self::Malformed => floor,
            Self::Unscored => None,
        }
    }
}

impl ScoredInstruction {
    /// The outcomes of a group; `num_samples` completions were asked for.
    pub(crate) fn of(group: &CandidateGroup<'_>, num_samples: usize) -> Self {
        let outcomes = group.candidates.iter().map(|candidate| {
            candidate.parts()?;
            Some(match &candidate.judgment {
                Some(judgment) => SampleOutcome::of(judgment),
                None => SampleOutcome::Unscored,
            })
        });
        let outcomes = replaced(outcomes, num_samples).into_iter();
        Self {
            id: group.id().to_owned(),
            samples: outcomes
                .map(|outcome| outcome.unwrap_or(SampleOutcome::Malformed))
                .collect(),
        }
    }

    /// The mean over its completions. Without a floor an instruction with a malformed completion
    /// has none.
    pub(super) fn score(&self, floor: Option<f64>) -> Option<f64> {
        if floor.is_none() && self.is_malformed() {
            return None;
        }
        mean(self.samples.iter().filter_map(|sample| sample.value(floor)))
    }

    pub(super) fn is_malformed(&self) -> bool {
        self.samples.contains(&SampleOutcome::Malformed)
    }
}

impl<M: PartialEq> Measurement<M> {
    /// What values a mean of its scores can have. What was seen says nothing of what lies beyond
    /// its ends, where a mean can be.
    pub fn scale_of_scores(&self) -> Scale {
        self.score_range
            .map_or(Scale::Continuous, |range| Scale::Bounded {
                lowest: range.lowest(),
                highest: range.highest(),
            })
    }

    /// The wins of each instruction against another model by its id, as far as the judge gave a
    /// verdict; none if the two were not compared.
    pub fn wins(&self, opponent: &M) -> Option<BTreeMap<&str, f64>> {
        let Outcomes::Comparisons(all) = &self.outcomes else {
            return None;
        };
        let head_to_head = all.iter().find(|one| one.opponent == *opponent)?;
        let rows = head_to_head.rows.iter();
        Some(
            rows.filter_map(|row| Some((row.id.as_str(), row.win?)))
                .collect(),
        )
    }

    /// The score of each instruction by its id, malformed completions at `floor`; empty if the
    /// judge only compares.
    pub fn scores(&self, floor: Option<f64>) -> BTreeMap<&str, f64> {
        let Outcomes::Scores(rows) = &self.outcomes else {
            return BTreeMap::new();
        };
        rows.iter()
            .filter_map(|row| Some((row.id.as_str(), row.score(floor)?)))
            .collect()
    }

    /// The mean score over the instructions, malformed completions at `floor`; none if the judge
    /// only compares, or scored nothing, or if a completion is malformed and there is no floor.
    pub fn mean_score(&self, floor: Option<f64>) -> Option<f64> {
        match &self.outcomes {
            Outcomes::Scores(rows)
                if floor.is_none() && rows.iter().any(ScoredInstruction::is_malformed) =>
            {
                None
            }
            Outcomes::Scores(rows) => mean(rows.iter().filter_map(|row| row.score(floor))),
            Outcomes::Comparisons(_) => None,
        }
    }

    /// The share of comparisons won against another model; none if they were not compared.
    pub fn win_rate(&self, opponent: &M) -> Option<f64> {
        mean(self.wins(opponent)?.into_values())
    }
}

impl Measurement {
    /// Whether this model has met another one and won more than half of the instructions, by more
    /// than one standard error.
    pub(crate) fn beats(&self, opponent: ModelVersion) -> bool {
        let wins = self.wins(&opponent).unwrap_or_default();
        let wins: Vec<f64> = wins.into_values().collect();
        estimate(&wins, Scale::UNIT).is_ok_and(|estimate| {
            let error = estimate.standard_error.unwrap_or(0.0);
            estimate.units > 1 && estimate.mean - error > 0.5
        })
    }
}

impl<M: Clone> Measurement<M> {
    /// The same with the outcomes of some of the instructions only. What is counted over all
    /// completions stays.
    #[must_use]
    pub fn of_instructions(&self, ids: &BTreeSet<String>) -> Self {
        let mut restricted = self.clone();
        match &mut restricted.outcomes {
            Outcomes::Scores(rows) => rows.retain(|row| ids.contains(&row.id)),
            Outcomes::Comparisons(all) => {
                for head_to_head in all {
                    head_to_head.rows.retain(|row| ids.contains(&row.id));
                }
            }
        }
        restricted
    }
}
