//! One model on one validation set under one judge: an outcome per instruction. Everything else
//! that is said about a model is computed from these rows, paired by instruction.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use tpo_eval::Scale;
use tpo_eval::estimate::estimate;
use tpo_judge::JudgeMetrics;
use tpo_types::Judgment;

use super::{SampleMetrics, mean};
use crate::groups::CandidateGroup;
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
    /// One per completion that was asked for, not counting those that were sampled again.
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

/// How one model compares with another, paired by instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedRows {
    /// What is compared.
    pub unit: Unit,
    /// One per instruction with an outcome of both models.
    pub rows: Vec<PairedRow>,
}

/// How two models compare on one instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedRow {
    /// The instruction's id.
    pub id: String,
    /// Positive if the first model is better.
    pub difference: f64,
}

impl PairedRows {
    /// The differences, in the order of the set.
    pub fn differences(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.difference).collect()
    }
}

/// What the difference between two models is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The judge's scores.
    Score,
    /// The share of wins, minus one half: for a judge that compares, and where a completion is
    /// malformed. A malformed completion has no score that could be subtracted; it only loses.
    WinRate,
    /// The difference of two win rates against one opponent, of models that have not met.
    WinRateGap,
}

impl Unit {
    /// The scale of such differences.
    pub fn scale(self) -> Scale {
        match self {
            Self::Score => Scale::Continuous,
            Self::WinRate => Scale::Bounded {
                lowest: -0.5,
                highest: 0.5,
            },
            Self::WinRateGap => Scale::UNIT.of_differences(),
        }
    }
}

impl SampleOutcome {
    /// The score, with `floor` for a malformed completion; none if unscored.
    fn value(self, floor: Option<f64>) -> Option<f64> {
        match self {
            Self::Scored(score) => Some(score),
            Self::Malformed => floor,
            Self::Unscored => None,
        }
    }

    /// The difference of two scores, malformed completions at `floor`; none if either has none.
    fn difference(self, other: Self, floor: Option<f64>) -> Option<f64> {
        Some(self.value(floor)? - other.value(floor)?)
    }

    /// 1 if this is better than the other, 0 if it is worse, one half if neither; a malformed
    /// completion loses against any response. None if either is unscored.
    fn win(self, other: Self) -> Option<f64> {
        let order = match (self, other) {
            (Self::Unscored, _) | (_, Self::Unscored) => return None,
            (Self::Scored(own), Self::Scored(other)) => own.total_cmp(&other),
            (Self::Malformed, Self::Malformed) => Ordering::Equal,
            (Self::Malformed, Self::Scored(_)) => Ordering::Less,
            (Self::Scored(_), Self::Malformed) => Ordering::Greater,
        };
        Some(match order {
            Ordering::Greater => 1.0,
            Ordering::Equal => 0.5,
            Ordering::Less => 0.0,
        })
    }
}

impl ScoredInstruction {
    /// The outcomes of a group; `num_samples` completions were asked for.
    pub(crate) fn of(group: &CandidateGroup<'_>, num_samples: usize) -> Self {
        let parsed = group
            .candidates
            .iter()
            .filter(|candidate| candidate.parts().is_some())
            .map(|candidate| match &candidate.judgment {
                Some(Judgment::Scored(scored)) => SampleOutcome::Scored(scored.score.get()),
                Some(Judgment::Unscored(_)) | None => SampleOutcome::Unscored,
            });
        let missing = std::iter::repeat(SampleOutcome::Malformed);
        Self {
            id: group.id().to_owned(),
            samples: parsed.chain(missing).take(num_samples).collect(),
        }
    }

    /// The mean over its completions. Without a floor an instruction with a malformed completion
    /// has none.
    fn score(&self, floor: Option<f64>) -> Option<f64> {
        if floor.is_none() && self.is_malformed() {
            return None;
        }
        mean(self.samples.iter().filter_map(|sample| sample.value(floor)))
    }

    fn is_malformed(&self) -> bool {
        self.samples.contains(&SampleOutcome::Malformed)
    }

    /// The mean over the completions that both have.
    fn compare(
        &self,
        other: &Self,
        one: impl Fn(SampleOutcome, SampleOutcome) -> Option<f64>,
    ) -> Option<f64> {
        let pairs = self.samples.iter().zip(&other.samples);
        mean(pairs.filter_map(|(own, other)| one(*own, *other)))
    }
}

impl<M: PartialEq> Measurement<M> {
    /// How this model compares with another, instruction by instruction; `floor` is that of all
    /// models that are compared. None if a judge that compares did not compare the two models.
    pub fn compared_with(&self, other: &Self, floor: Option<f64>) -> Option<PairedRows> {
        match (&self.outcomes, &other.outcomes) {
            (Outcomes::Scores(own), Outcomes::Scores(others)) => {
                Some(compare_scores(own, others, floor))
            }
            (Outcomes::Comparisons(own), Outcomes::Comparisons(others)) => {
                let against = |all: &[HeadToHead<M>], opponent: &M, sign: f64| {
                    let head_to_head = all.iter().find(|one| one.opponent == *opponent)?;
                    let rows = head_to_head.rows.iter().filter_map(|row| {
                        Some(PairedRow {
                            id: row.id.clone(),
                            difference: sign * (row.win? - 0.5),
                        })
                    });
                    Some(PairedRows {
                        unit: Unit::WinRate,
                        rows: rows.collect(),
                    })
                };
                against(own, &other.model, 1.0).or_else(|| against(others, &self.model, -1.0))
            }
            _ => None,
        }
    }

    /// How this model compares with one of another run, where a version names another model. None
    /// for a judge that compares: models of two runs have not met.
    pub fn compared_with_other_run(&self, other: &Self) -> Option<PairedRows> {
        match (&self.outcomes, &other.outcomes) {
            (Outcomes::Scores(own), Outcomes::Scores(others)) => {
                let floor = floor_of(others, &[own]);
                Some(compare_scores(own, others, floor))
            }
            _ => None,
        }
    }

    /// One value per instruction by which models of a run are compared with each other, all in the
    /// same unit.
    ///
    /// With the [`common_floor`] of the models: the score, a malformed completion counting as that.
    /// Without: the win against the base model, 1, one half or 0, where a malformed completion
    /// loses against any response. None for the base model itself, which then has one half
    /// everywhere.
    pub fn values_against(&self, base: &Self, floor: Option<f64>) -> Option<BTreeMap<&str, f64>> {
        if let (Outcomes::Scores(_), Some(floor)) = (&self.outcomes, floor) {
            return Some(self.scores(Some(floor)));
        }
        if self.model == base.model {
            return None;
        }
        Some(match (&self.outcomes, &base.outcomes) {
            (Outcomes::Scores(own), Outcomes::Scores(others)) => {
                let others: HashMap<&str, &ScoredInstruction> =
                    others.iter().map(|row| (row.id.as_str(), row)).collect();
                own.iter()
                    .filter_map(|row| {
                        let other = others.get(row.id.as_str())?;
                        Some((row.id.as_str(), row.compare(other, SampleOutcome::win)?))
                    })
                    .collect()
            }
            (Outcomes::Comparisons(_), _) => self.wins(&base.model).unwrap_or_default(),
            (Outcomes::Scores(_), Outcomes::Comparisons(_)) => BTreeMap::new(),
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

/// What a malformed completion scores among models that are compared on one set: the lowest score
/// of any of their responses, so that it loses against each.
///
/// None if there is no such score that is sound, so that wins have to be counted instead: if the
/// reference answered something malformed, the scores of a few answers are no yardstick; if all
/// responses are equally good, failing would be as good as answering; and a judge may only compare.
pub fn common_floor<'a, M: 'a>(
    reference: &Measurement<M>,
    others: impl IntoIterator<Item = &'a Measurement<M>>,
) -> Option<f64> {
    let Outcomes::Scores(reference) = &reference.outcomes else {
        return None;
    };
    let others: Vec<&Vec<ScoredInstruction>> = others
        .into_iter()
        .filter_map(|other| match &other.outcomes {
            Outcomes::Scores(rows) => Some(rows),
            Outcomes::Comparisons(_) => None,
        })
        .collect();
    floor_of(reference, &others)
}

/// [`common_floor`] of rows.
pub(crate) fn floor_of(
    reference: &[ScoredInstruction],
    others: &[&Vec<ScoredInstruction>],
) -> Option<f64> {
    let rows = || reference.iter().chain(others.iter().copied().flatten());
    let samples = || rows().flat_map(|row| &row.samples);
    let scores = || samples().filter_map(|sample| sample.value(None));
    let lowest = scores().min_by(f64::total_cmp)?;
    let is_needed = rows().any(ScoredInstruction::is_malformed);
    let is_complete = !reference.iter().any(ScoredInstruction::is_malformed);
    let differ = scores().any(|score| score > lowest);
    (!is_needed || is_complete && differ).then_some(lowest)
}

/// How the scores of two models compare, instruction by instruction: by differences, malformed
/// completions at `floor`; by wins if a completion is malformed and there is no floor.
pub(crate) fn compare_scores(
    own: &[ScoredInstruction],
    others: &[ScoredInstruction],
    floor: Option<f64>,
) -> PairedRows {
    let by_id: HashMap<&str, &ScoredInstruction> =
        others.iter().map(|row| (row.id.as_str(), row)).collect();
    let both: Vec<(&ScoredInstruction, &ScoredInstruction)> = own
        .iter()
        .filter_map(|row| Some((row, *by_id.get(row.id.as_str())?)))
        .collect();
    let malformed = both
        .iter()
        .any(|(own, other)| own.is_malformed() || other.is_malformed());
    let by_wins = malformed && floor.is_none();
    let rows = both.into_iter().filter_map(|(own, other)| {
        let difference = if by_wins {
            own.compare(other, |own, other| Some(own.win(other)? - 0.5))
        } else {
            own.compare(other, |own, other| own.difference(other, floor))
        };
        Some(PairedRow {
            id: own.id.clone(),
            difference: difference?,
        })
    });
    PairedRows {
        unit: if by_wins { Unit::WinRate } else { Unit::Score },
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(iteration: usize, rows: &[&[SampleOutcome]]) -> Measurement {
        let rows = rows
            .iter()
            .enumerate()
            .map(|(index, samples)| ScoredInstruction {
                id: index.to_string(),
                samples: samples.to_vec(),
            });
        Measurement {
            set: "validation".into(),
            model: ModelVersion {
                iteration,
                step: iteration,
            },
            sampled: SampleMetrics::default(),
            judge: JudgeMetrics::default(),
            outcomes: Outcomes::Scores(rows.collect()),
        }
    }

    use SampleOutcome::{Malformed, Scored, Unscored};

    #[test]
    fn a_base_that_rarely_parses_is_beaten_by_a_model_that_answers_all() {
        let base = scores(
            0,
            &[&[Scored(1.0)], &[Malformed], &[Malformed], &[Malformed]],
        );
        let model = scores(
            1,
            &[
                &[Scored(0.6)],
                &[Scored(0.9)],
                &[Scored(0.4)],
                &[Scored(0.8)],
            ],
        );
        let floor = common_floor(&base, [&model]);
        assert_eq!(floor, None);
        let rows = model.compared_with(&base, floor);
        let rows = rows.expect("two models with scores");
        assert_eq!(rows.unit, Unit::WinRate);
        assert_eq!(rows.differences(), [-0.5, 0.5, 0.5, 0.5]);
        assert_eq!(base.mean_score(floor), None);
    }

    #[test]
    fn the_floor_is_below_every_response() {
        let base = scores(0, &[&[Scored(0.8)], &[Scored(0.9)]]);
        let poor = scores(1, &[&[Scored(0.2)], &[Scored(0.3)]]);
        let fails = scores(2, &[&[Malformed], &[Scored(0.9)]]);
        let all = [&base, &poor, &fails];
        assert_eq!(common_floor(&base, all), Some(0.2));
        assert_eq!(common_floor(&base, [&fails]), Some(0.8));
        let rows = fails.compared_with(&base, Some(0.2)).expect("scores");
        assert_eq!(rows.unit, Unit::Score);
        assert_eq!(rows.differences(), [0.2 - 0.8, 0.0]);
        // Failing would be as good as answering.
        let equal = scores(0, &[&[Scored(0.5)], &[Scored(0.5)]]);
        assert_eq!(common_floor(&equal, [&scores(1, &[&[Malformed]])]), None);
        assert_eq!(common_floor(&equal, [&equal]), Some(0.5), "none is needed");
    }

    #[test]
    fn an_unscored_response_says_nothing_and_a_malformed_one_is_worst() {
        let base = scores(
            0,
            &[&[Scored(0.5)], &[Scored(0.1)], &[Unscored], &[Malformed]],
        );
        let model = scores(
            1,
            &[&[Malformed], &[Unscored], &[Scored(0.7)], &[Malformed]],
        );
        let differences = |one: &Measurement, other: &Measurement| {
            one.compared_with(other, None)
                .map(|rows| rows.differences())
        };
        assert_eq!(differences(&model, &base), Some(vec![-0.5, 0.0]));
        assert_eq!(differences(&base, &model), Some(vec![0.5, 0.0]));
        assert_eq!(model.mean_score(None), None);
        assert_eq!(model.mean_score(Some(0.1)), Some((0.1 + 0.7 + 0.1) / 3.0));
    }

    #[test]
    fn scores_are_subtracted_where_everything_parsed() {
        let base = scores(0, &[&[Scored(0.5), Unscored], &[Unscored, Unscored]]);
        let model = scores(
            1,
            &[&[Scored(0.75), Scored(0.1)], &[Scored(1.0), Scored(1.0)]],
        );
        let rows = model.compared_with(&base, None);
        let rows = rows.expect("two models with scores");
        assert_eq!((rows.unit, rows.differences()), (Unit::Score, vec![0.25]));
    }

    #[test]
    fn comparisons_count_from_both_sides() {
        let mut base = scores(0, &[]);
        base.outcomes = Outcomes::Comparisons(Vec::new());
        let mut model = scores(1, &[]);
        let row = |id: &str, win| InstructionWin { id: id.into(), win };
        model.outcomes = Outcomes::Comparisons(vec![HeadToHead {
            opponent: base.model,
            rows: vec![row("a", Some(1.0)), row("b", None), row("c", Some(0.5))],
        }]);
        let differences = |one: &Measurement, other: &Measurement| {
            one.compared_with(other, None)
                .map(|rows| rows.differences())
        };
        assert_eq!(differences(&model, &base), Some(vec![0.5, 0.0]));
        assert_eq!(differences(&base, &model), Some(vec![-0.5, 0.0]));
        assert_eq!(model.win_rate(&base.model), Some(0.75));
        assert_eq!(differences(&model, &scores(2, &[])), None);
    }
}
