//! How two models compare, paired by instruction, and what a malformed completion counts there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use tpo_eval::Scale;
use tpo_types::{ScoreRange, rounding};

use super::mean;
use super::measurement::{HeadToHead, Measurement, Outcomes, SampleOutcome, ScoredInstruction};

/// How one model compares with another, paired by instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedRows {
    /// What is compared.
    pub unit: Unit,
    /// What values the differences can have.
    pub scale: Scale,
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
    /// Differences of scores on `scale`.
    pub fn of_scores(scale: Scale, rows: Vec<PairedRow>) -> Self {
        Self {
            unit: Unit::Score,
            scale: scale.of_differences(),
            rows,
        }
    }

    /// Wins, from which one half is subtracted.
    pub fn of_wins(rows: Vec<PairedRow>) -> Self {
        Self {
            unit: Unit::WinRate,
            scale: Scale::Bounded {
                lowest: -0.5,
                highest: 0.5,
            },
            rows,
        }
    }

    /// Differences of two wins against one opponent.
    pub fn of_gaps(rows: Vec<PairedRow>) -> Self {
        Self {
            unit: Unit::WinRateGap,
            scale: Scale::UNIT.of_differences(),
            rows,
        }
    }

    /// The same comparison on other instructions, such as those of one category.
    #[must_use]
    pub fn with_rows(&self, rows: Vec<PairedRow>) -> Self {
        Self { rows, ..*self }
    }

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

impl SampleOutcome {
    /// 1 if this is better than the other, 0 if it is worse, one half if neither; a malformed
    /// completion loses against any response. None if either is unscored.
    fn win(self, other: Self) -> Option<f64> {
        let order = match (self, other) {
            (Self::Unscored, _) | (_, Self::Unscored) => return None,
            (Self::Scored(own), Self::Scored(other)) => rounding::compare(own, other),
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
    /// The difference of the mean scores of the completions that both have scores of, malformed
    /// ones at `floor`.
    fn difference(&self, other: &Self, floor: Option<f64>) -> Option<f64> {
        let pairs = self.samples.iter().zip(&other.samples);
        let pairs = pairs.filter_map(|(own, other)| Some((own.value(floor)?, other.value(floor)?)));
        let (own, others): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let largest = own.iter().chain(&others).map(|score| score.abs());
        let largest = largest.max_by(f64::total_cmp)?;
        let [own, others] = [own, others].map(|scores| mean(scores.into_iter()));
        Some(rounding::difference_of_sums(own?, others?, largest))
    }

    /// The mean of the wins of the completions that both have outcomes of.
    fn win(&self, other: &Self) -> Option<f64> {
        let pairs = self.samples.iter().zip(&other.samples);
        mean(pairs.filter_map(|(own, other)| own.win(*other)))
    }
}

impl<M: PartialEq> Measurement<M> {
    /// How this model compares with another, instruction by instruction; `floor` is that of all
    /// models that are compared. None if a judge that compares did not compare the two models.
    pub fn compared_with(&self, other: &Self, floor: Option<f64>) -> Option<PairedRows> {
        match (&self.outcomes, &other.outcomes) {
            (Outcomes::Scores(own), Outcomes::Scores(others)) => {
                Some(compare_scores(own, others, floor, self.common_range(other)))
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
                    Some(PairedRows::of_wins(rows.collect()))
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
                Some(compare_scores(own, others, floor, self.common_range(other)))
            }
            _ => None,
        }
    }

    /// The range of the scores of both, if it is the same.
    fn common_range(&self, other: &Self) -> Option<ScoreRange> {
        self.score_range
            .filter(|range| other.score_range == Some(*range))
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
                        Some((row.id.as_str(), row.win(other)?))
                    })
                    .collect()
            }
            (Outcomes::Comparisons(_), _) => self.wins(&base.model).unwrap_or_default(),
            (Outcomes::Scores(_), Outcomes::Comparisons(_)) => BTreeMap::new(),
        })
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
    let differ = scores().any(|score| rounding::compare(score, lowest).is_gt());
    (!is_needed || is_complete && differ).then_some(lowest)
}

/// How the scores of two models compare, instruction by instruction: by differences, malformed
/// completions at `floor`; by wins if a completion is malformed and there is no floor. `range` is
/// that of the judge's scores, if it says so.
pub(crate) fn compare_scores(
    own: &[ScoredInstruction],
    others: &[ScoredInstruction],
    floor: Option<f64>,
    range: Option<ScoreRange>,
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
            own.win(other).map(|win| win - 0.5)
        } else {
            own.difference(other, floor)
        };
        Some(PairedRow {
            id: own.id.clone(),
            difference: difference?,
        })
    });
    let rows = rows.collect();
    if by_wins {
        PairedRows::of_wins(rows)
    } else {
        let scale = seen_scale([own, others], floor, range);
        PairedRows::of_scores(scale, rows)
    }
}

/// The scale of scores by what was seen. For differences only, which have room on both sides.
fn seen_scale(
    models: [&[ScoredInstruction]; 2],
    floor: Option<f64>,
    range: Option<ScoreRange>,
) -> Scale {
    let samples = models.into_iter().flatten().flat_map(|row| &row.samples);
    let scores: Vec<f64> = samples.filter_map(|sample| sample.value(floor)).collect();
    Scale::of_scores(&scores, range.map(|range| range.lowest()..=range.highest()))
}

#[cfg(test)]
mod tests {
    use tpo_judge::JudgeMetrics;

    use super::*;
    use crate::metrics::{InstructionWin, SampleMetrics};
    use crate::model_version::ModelVersion;

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
            score_range: None,
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
