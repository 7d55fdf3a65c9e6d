//! Which of several models is best.

use std::collections::BTreeMap;

use tpo_eval::checkpoints::one_standard_error;

use super::{IterationMetrics, Measurement, common_floor};
use crate::model_version::ModelVersion;

/// Models of which one is to be kept, added one after another.
///
/// Every two models are compared in the same unit, in whatever order they are added: see
/// [`Measurement::values_against`]. The one that is kept is the earliest within one standard error
/// of the highest mean (Breiman et al. 1984, section 3.4.3), so that among models that differ by
/// chance the earliest stays.
///
/// A model is forgotten, so that its files can be removed, when it is neither the one that is kept,
/// nor the highest, nor the newest.
#[derive(Debug, Clone)]
pub struct Choice {
    base: Measurement,
    candidates: Vec<Measurement>,
}

impl Choice {
    /// A choice between the base model and later ones.
    pub fn from_base(base: Measurement) -> Self {
        Self {
            candidates: vec![base.clone()],
            base,
        }
    }

    /// A choice between models that are added, measured against the base model.
    pub fn among_later(base: Measurement) -> Self {
        Self {
            base,
            candidates: Vec::new(),
        }
    }

    /// Adds a later model. Returns whether it has the highest mean so far.
    pub fn add(&mut self, later: Measurement) -> bool {
        self.candidates.push(later);
        let newest = self.candidates.len() - 1;
        let Places { kept, highest } = self.places();
        let mut index = 0;
        self.candidates.retain(|_| {
            let remembered = [kept, highest, newest].contains(&index);
            index += 1;
            remembered
        });
        highest == newest
    }

    /// The model to keep; none before one was added.
    pub fn kept(&self) -> Option<&Measurement> {
        self.candidates.get(self.places().kept)
    }

    /// The models that may still be kept.
    pub fn remembered(&self) -> impl Iterator<Item = ModelVersion> {
        self.candidates.iter().map(|candidate| candidate.model)
    }

    /// The kept model, or a later one that has met it and won by more than one standard error.
    /// Models that always beat the base model cannot be told apart by that.
    fn after_meetings(&self, kept: usize) -> usize {
        (kept + 1..self.candidates.len()).fold(kept, |kept, later| {
            let opponent = self.candidates[kept].model;
            if self.candidates[later].beats(opponent) {
                later
            } else {
                kept
            }
        })
    }

    fn places(&self) -> Places {
        let floor = common_floor(&self.base, &self.candidates);
        let values: Vec<Option<BTreeMap<&str, f64>>> = self
            .candidates
            .iter()
            .map(|candidate| candidate.values_against(&self.base, floor))
            .collect();
        // A model that the judge mostly failed on says nothing, and would leave little of others.
        let most = values.iter().flatten().map(BTreeMap::len).max();
        let is_known = |values: &Option<BTreeMap<&str, f64>>| {
            let known = values.as_ref().map(BTreeMap::len);
            known.is_none_or(|known| 2 * known >= most.unwrap_or(0))
        };
        let known: Vec<usize> = (0..values.len())
            .filter(|at| is_known(&values[*at]))
            .collect();
        let of_known = || known.iter().filter_map(|at| values[*at].as_ref());
        let in_all = |id: &&str| of_known().all(|one| one.contains_key(id));
        let ids: Vec<&str> = of_known()
            .next()
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .filter(in_all)
            .collect();
        let of_one = |at: &usize| -> Vec<f64> {
            let value = |id: &&str| values[*at].as_ref().map_or(EVEN, |values| values[id]);
            ids.iter().map(value).collect()
        };
        let scores: Vec<Vec<f64>> = known.iter().map(of_one).collect();
        match one_standard_error(&scores) {
            Ok(choice) => Places {
                kept: self.after_meetings(known[choice.kept]),
                highest: known[choice.best],
            },
            // With fewer than two instructions nothing replaces the earliest.
            Err(_) => Places {
                kept: 0,
                highest: 0,
            },
        }
    }
}

/// What the base model wins against itself.
const EVEN: f64 = 0.5;

/// Indices of candidates.
struct Places {
    kept: usize,
    highest: usize,
}

/// The best of the models that a run kept, by their measurements on one set; the base model is
/// first. None without any.
pub fn best_of<'a>(kept: impl IntoIterator<Item = &'a Measurement>) -> Option<&'a Measurement> {
    let kept: Vec<&Measurement> = kept.into_iter().collect();
    let (base, later) = kept.split_first()?;
    let mut choice = Choice::from_base((*base).clone());
    for measurement in later {
        choice.add((*measurement).clone());
    }
    let best = choice.kept()?.model;
    kept.into_iter().find(|one| one.model == best)
}

/// Whether a run kept the measured model: it is the base model, or an iteration ended with it.
pub fn is_kept(measurement: &Measurement, iterations: &[IterationMetrics]) -> bool {
    let model = measurement.model;
    model.is_base() || iterations.iter().any(|iteration| iteration.kept == model)
}

#[cfg(test)]
mod tests {
    use tpo_judge::JudgeMetrics;

    use super::*;
    use crate::metrics::{Outcomes, SampleMetrics, SampleOutcome, ScoredInstruction};

    fn measurement(scores: &[f64]) -> Measurement {
        let rows = scores
            .iter()
            .enumerate()
            .map(|(index, score)| ScoredInstruction {
                id: index.to_string(),
                samples: vec![SampleOutcome::Scored(*score)],
            });
        Measurement {
            set: "validation".into(),
            model: ModelVersion::BASE,
            sampled: SampleMetrics::default(),
            judge: JudgeMetrics::default(),
            score_range: None,
            outcomes: Outcomes::Scores(rows.collect()),
        }
    }

    /// Which of several models is kept, by their numbers.
    fn kept(all: &[&[SampleOutcome]]) -> usize {
        let of = |(iteration, outcomes): (usize, &&[SampleOutcome])| {
            let rows = outcomes.iter().enumerate();
            Measurement {
                model: ModelVersion {
                    iteration,
                    step: iteration,
                },
                outcomes: Outcomes::Scores(
                    rows.map(|(id, outcome)| ScoredInstruction {
                        id: id.to_string(),
                        samples: vec![*outcome],
                    })
                    .collect(),
                ),
                ..measurement(&[])
            }
        };
        let all: Vec<Measurement> = all.iter().enumerate().map(of).collect();
        best_of(&all).expect("a model").model.iteration
    }

    fn scores<const N: usize>(scores: [f64; N]) -> [SampleOutcome; N] {
        scores.map(SampleOutcome::Scored)
    }

    #[test]
    fn the_earliest_within_one_standard_error_of_the_highest_is_kept() {
        let base = scores([0.1, 0.2, 0.3, 0.4]);
        assert_eq!(kept(&[&base, &scores([0.3, 0.4, 0.5, 0.7])]), 1);
        assert_eq!(kept(&[&base, &scores([0.9, 0.0, 0.3, 0.4])]), 0);
        assert_eq!(kept(&[&base, &base]), 0);
        assert_eq!(kept(&[&base, &scores([0.0, 0.1, 0.2, 0.3])]), 0);
        assert_eq!(kept(&[&base[..1], &scores([0.9])]), 0, "one says nothing");
        let better = scores([0.5, 0.6, 0.7, 0.8]);
        let slightly = scores([0.6, 0.5, 0.8, 0.8]);
        assert_eq!(kept(&[&base, &better, &slightly]), 1);
        assert_eq!(kept(&[&base, &slightly, &better]), 1);
        assert_eq!(kept(&[&base, &better, &base]), 1);
    }

    #[test]
    fn a_model_that_answers_all_beats_a_base_model_that_rarely_does() {
        use SampleOutcome::Malformed;
        let base = [
            SampleOutcome::Scored(1.0),
            Malformed,
            Malformed,
            Malformed,
            Malformed,
            Malformed,
        ];
        let all = scores([0.6, 0.9, 0.4, 0.8, 0.7, 0.5]);
        assert_eq!(kept(&[&base, &all]), 1);
        assert_eq!(kept(&[&base, &[Malformed; 6]]), 0);
        // Two that answer all are equal: they lose and win on the same instructions.
        assert_eq!(kept(&[&base, &all, &scores([0.7; 6])]), 1);
    }

    #[test]
    fn failing_does_not_beat_answering() {
        use SampleOutcome::Malformed;
        let base = scores([4.0, 5.0, 4.0, 5.0]);
        let poor = scores([1.0, 2.0, 1.5, 2.0]);
        let fails = [Malformed; 4];
        assert_eq!(kept(&[&base, &poor, &fails]), 0);
        let mut choice = Choice::among_later(measurement(&[4.0, 5.0, 4.0, 5.0]));
        let at = |iteration, outcomes: &[SampleOutcome]| Measurement {
            model: ModelVersion {
                iteration,
                step: iteration,
            },
            outcomes: Outcomes::Scores(
                outcomes
                    .iter()
                    .enumerate()
                    .map(|(id, outcome)| ScoredInstruction {
                        id: id.to_string(),
                        samples: vec![*outcome],
                    })
                    .collect(),
            ),
            ..measurement(&[])
        };
        choice.add(at(1, &poor));
        choice.add(at(2, &fails));
        assert_eq!(choice.kept().expect("a model").model.iteration, 1);
    }

    #[test]
    fn equal_scores_of_the_base_model_do_not_hide_who_is_highest() {
        let all = [1.0, 2.0, 3.0, 4.0].map(|score| scores([score; 8]));
        assert_eq!(kept(&[&all[0], &all[1], &all[2], &all[3]]), 3);
    }

    #[test]
    fn a_model_that_the_judge_mostly_failed_on_decides_nothing() {
        let base = scores([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2]);
        let mut unscored = [SampleOutcome::Unscored; 8];
        unscored[0] = SampleOutcome::Scored(0.9);
        unscored[1] = SampleOutcome::Scored(0.9);
        let good = scores([0.8, 0.9, 0.8, 0.9, 0.8, 0.9, 0.8, 0.9]);
        assert_eq!(kept(&[&base, &unscored, &good]), 2);
    }

    #[test]
    fn every_order_of_models_has_the_same_unit() {
        // The base model answers all, so scores count, and a malformed completion is its lowest.
        let base = scores([0.5, 0.5, 0.4, 0.5]);
        let good = scores([0.9, 0.9, 0.8, 0.9]);
        let mut broken = good;
        broken[1] = SampleOutcome::Malformed;
        broken[2] = SampleOutcome::Malformed;
        assert_eq!(kept(&[&base, &good, &broken]), 1);
        assert_eq!(kept(&[&base, &broken, &good]), 2);
    }
}
