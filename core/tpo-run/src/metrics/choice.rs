//! Which of several models is best.

use std::collections::BTreeMap;

use tpo_eval::checkpoints::one_standard_error;

use super::{IterationMetrics, Measurement};
use crate::model_version::ModelVersion;

/// Models of which one is to be kept, added one after another.
///
/// Each is measured against the base model only, so that no figure depends on which models were
/// looked at before, and every two models are compared in the same unit: see
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

    fn places(&self) -> Places {
        let values: Vec<Option<BTreeMap<&str, f64>>> = self
            .candidates
            .iter()
            .map(|candidate| candidate.values_against(&self.base))
            .collect();
        let mut given = values.iter().flatten();
        let in_all = |id: &&str| values.iter().flatten().all(|one| one.contains_key(id));
        let ids: Vec<&str> = given
            .next()
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .filter(in_all)
            .collect();
        let of_one = |values: &Option<BTreeMap<&str, f64>>| -> Vec<f64> {
            let value = |id: &&str| values.as_ref().map_or(EVEN, |values| values[id]);
            ids.iter().map(value).collect()
        };
        let scores: Vec<Vec<f64>> = values.iter().map(of_one).collect();
        match one_standard_error(&scores) {
            Ok(choice) => Places {
                kept: choice.kept,
                highest: choice.best,
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
