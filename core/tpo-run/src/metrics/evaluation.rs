//! Whether a policy does better on the validation instructions than another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_types::Candidate;

use super::{SampleMetrics, mean};
use crate::groups::CandidateGroup;

/// A policy, measured on the validation instructions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The iteration whose model was measured; 0 is the base model.
    pub iteration: usize,
    /// All its completions.
    pub sampled: SampleMetrics,
    /// Mean score per instruction; instructions without a scored response are left out.
    pub scores: BTreeMap<String, f64>,
}

impl Evaluation {
    /// Measures the groups sampled after `iteration`.
    pub(crate) fn of(iteration: usize, groups: &[CandidateGroup<'_>]) -> Self {
        let scores = groups.iter().filter_map(|group| {
            let scores = group.candidates.iter().filter_map(Candidate::score);
            Some((group.id().to_owned(), mean(scores)?))
        });
        Self {
            iteration,
            sampled: SampleMetrics::of(groups.iter()),
            scores: scores.collect(),
        }
    }

    /// Whether this model is better: by mean score, then by parse rate, then by shorter responses.
    pub fn is_better_than(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    fn rank(&self) -> (f64, f64, f64) {
        (
            self.sampled.score_mean.unwrap_or(f64::NEG_INFINITY),
            self.sampled.parse_rate(),
            -self.sampled.response_tokens_mean,
        )
    }
}

/// The difference of the mean validation score between two models, paired by instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// Mean difference of the instructions' scores.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval: `1.96 * s / sqrt(n)` over the paired
    /// differences.
    pub margin: f64,
    /// Instructions that both models have a score for.
    pub instructions: usize,
}

impl PairedDifference {
    /// From `before` to `after`; none where fewer than two instructions can be compared.
    pub fn between(before: &Evaluation, after: &Evaluation) -> Option<Self> {
        let differences: Vec<f64> = after
            .scores
            .iter()
            .filter_map(|(id, score)| Some(score - before.scores.get(id)?))
            .collect();
        if differences.len() < 2 {
            return None;
        }
        let n = differences.len() as f64;
        let mean = mean(differences.iter().copied())?;
        let squares = differences
            .iter()
            .map(|difference| (difference - mean).powi(2));
        let variance = squares.sum::<f64>() / (n - 1.0);
        Some(Self {
            mean,
            margin: 1.96 * (variance / n).sqrt(),
            instructions: differences.len(),
        })
    }

    /// What the confidence interval allows to say.
    pub fn verdict(&self) -> &'static str {
        if self.mean - self.margin > 0.0 {
            "improved"
        } else if self.mean + self.margin < 0.0 {
            "got worse"
        } else {
            "no clear change"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(scores: &[f64]) -> Evaluation {
        let named = scores.iter().enumerate();
        Evaluation {
            iteration: 0,
            sampled: SampleMetrics::default(),
            scores: named
                .map(|(index, score)| (index.to_string(), *score))
                .collect(),
        }
    }

    #[test]
    fn an_improvement_is_claimed_only_outside_the_confidence_interval() {
        let before = evaluation(&[0.1, 0.2, 0.3, 0.4]);
        let verdict = |after: &[f64]| {
            PairedDifference::between(&before, &evaluation(after)).map(|change| change.verdict())
        };
        assert_eq!(verdict(&[0.3, 0.4, 0.5, 0.7]), Some("improved"));
        assert_eq!(verdict(&[0.0, 0.1, 0.2, 0.25]), Some("got worse"));
        assert_eq!(verdict(&[0.9, 0.0, 0.3, 0.4]), Some("no clear change"));
        assert_eq!(
            PairedDifference::between(&before, &evaluation(&[1.0])),
            None
        );
    }
}
