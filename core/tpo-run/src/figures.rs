//! The figures of a run: what each iteration made of its instructions, and whether validation
//! improved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_judge::JudgeMetrics;
use tpo_types::{Candidate, CandidateGroup, Judgment, ParseOutcome, PreferencePair, StepMetrics};

/// Counts by reason.
pub type Reasons = BTreeMap<String, usize>;

/// What became of the completions of one slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleFigures {
    /// Instructions that were sampled.
    pub instructions: usize,
    /// Completions in all.
    pub completions: usize,
    /// Completions that parsed.
    pub parsed: usize,
    /// Completions that did not, by reason.
    pub malformed: Reasons,
    /// Responses that the judge could not score, by reason.
    pub unscored: Reasons,
    /// Mean score of the scored responses.
    pub score_mean: Option<f64>,
    /// Mean length of the thoughts of parsed completions, in tokens.
    pub thought_tokens_mean: f64,
    /// Mean length of the responses of parsed completions, in tokens.
    pub response_tokens_mean: f64,
}

impl SampleFigures {
    /// Counts the candidates of a slice.
    pub fn of(groups: &[CandidateGroup]) -> Self {
        let candidates: Vec<_> = groups.iter().flat_map(|group| &group.candidates).collect();
        let parsed: Vec<_> = candidates
            .iter()
            .filter(|candidate| candidate.parts().is_some())
            .collect();
        let scores: Vec<f64> = candidates
            .iter()
            .filter_map(|candidate| candidate.score())
            .collect();
        let malformed = candidates
            .iter()
            .filter_map(|candidate| match &candidate.outcome {
                ParseOutcome::Malformed(reason) => Some(reason),
                ParseOutcome::Parsed(_) => None,
            });
        let unscored = candidates
            .iter()
            .filter_map(|candidate| match &candidate.judgment {
                Some(Judgment::Unscored(reason)) => Some(reason),
                _ => None,
            });
        Self {
            instructions: groups.len(),
            completions: candidates.len(),
            parsed: parsed.len(),
            malformed: count(malformed),
            unscored: count(unscored),
            score_mean: mean(&scores),
            thought_tokens_mean: mean_of(&parsed, |candidate| candidate.thought_tokens),
            response_tokens_mean: mean_of(&parsed, |candidate| candidate.response_tokens),
        }
    }

    /// Share of completions that parsed.
    pub fn parse_rate(&self) -> f64 {
        self.parsed as f64 / self.completions.max(1) as f64
    }
}

/// The policy, measured on the validation instructions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The iteration whose model was measured; 0 is the base model.
    pub iteration: usize,
    /// The figures over all completions.
    pub sampled: SampleFigures,
    /// Mean score per instruction; instructions without a scored response are left out.
    pub scores: BTreeMap<String, f64>,
}

impl Evaluation {
    /// Measures the groups sampled after `iteration`.
    pub fn of(iteration: usize, groups: &[CandidateGroup]) -> Self {
        let score_of = |group: &CandidateGroup| {
            let scores: Vec<f64> = group
                .candidates
                .iter()
                .filter_map(tpo_types::Candidate::score)
                .collect();
            Some((group.instruction_id.clone(), mean(&scores)?))
        };
        Self {
            iteration,
            sampled: SampleFigures::of(groups),
            scores: groups.iter().filter_map(score_of).collect(),
        }
    }

    /// Whether this model is to be preferred: by mean score, then by parse rate, then by shorter
    /// responses.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let key = |evaluation: &Self| {
            let sampled = &evaluation.sampled;
            (
                sampled.score_mean.unwrap_or(f64::NEG_INFINITY),
                sampled.parse_rate(),
                -sampled.response_tokens_mean,
            )
        };
        key(self) > key(other)
    }
}

/// The change of the mean validation score between two models, instruction by instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Mean difference of the instructions' scores.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval: `1.96 * s / sqrt(n)` over the paired
    /// differences.
    pub margin: f64,
    /// Instructions that both models have a score for.
    pub instructions: usize,
}

impl Change {
    /// From `before` to `after`; none where fewer than two instructions can be compared.
    pub fn between(before: &Evaluation, after: &Evaluation) -> Option<Self> {
        let differences: Vec<f64> = after
            .scores
            .iter()
            .filter_map(|(id, score)| Some(score - before.scores.get(id)?))
            .collect();
        let n = differences.len() as f64;
        let mean = mean(&differences).filter(|_| differences.len() > 1)?;
        let variance = differences
            .iter()
            .map(|difference| (difference - mean).powi(2))
            .sum::<f64>()
            / (n - 1.0);
        Some(Self {
            mean,
            margin: 1.96 * (variance / n).sqrt(),
            instructions: differences.len(),
        })
    }

    /// What may honestly be said of the change.
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

/// How long the two sides of the pairs are, and what the selector says of its choice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SelectorFigures {
    /// Responses of the two sides.
    pub response_tokens: Sides,
    /// Their thoughts.
    pub thought_tokens: Sides,
    /// Numbers that the selector gives, such as `rho`.
    pub own: BTreeMap<String, f64>,
}

/// Mean lengths in tokens, over the pairs of which both sides parsed; none without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sides {
    /// Of the chosen side.
    pub chosen: Option<f64>,
    /// Of the rejected side.
    pub rejected: Option<f64>,
}

impl SelectorFigures {
    /// Measures pairs, each with the group that it is from.
    pub fn of(pairs: &[(&CandidateGroup, PreferencePair)], own: &BTreeMap<String, f64>) -> Self {
        let (chosen, rejected): (Vec<&Candidate>, Vec<&Candidate>) = pairs
            .iter()
            .map(|(group, pair)| {
                (
                    &group.candidates[pair.chosen()],
                    &group.candidates[pair.rejected()],
                )
            })
            .filter(|(chosen, rejected)| chosen.parts().is_some() && rejected.parts().is_some())
            .unzip();
        let lengths = |tokens: fn(&Candidate) -> u32| {
            let mean_of = |side: &[&Candidate]| {
                mean(
                    &side
                        .iter()
                        .map(|candidate| f64::from(tokens(candidate)))
                        .collect::<Vec<_>>(),
                )
            };
            Sides {
                chosen: mean_of(&chosen),
                rejected: mean_of(&rejected),
            }
        };
        Self {
            response_tokens: lengths(|candidate| candidate.response_tokens),
            thought_tokens: lengths(|candidate| candidate.thought_tokens),
            own: own.clone(),
        }
    }
}

/// What training reported, over the last pass through the pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainFigures {
    /// Optimizer steps.
    pub steps: usize,
    /// Mean DPO loss.
    pub loss: f64,
    /// Mean reward margin.
    pub margin: f64,
    /// Mean share of pairs with a positive margin.
    pub accuracy: f64,
}

impl TrainFigures {
    /// Means over the last `steps_per_epoch` steps.
    pub fn of(steps: &[StepMetrics], steps_per_epoch: usize) -> Self {
        let last = &steps[steps.len().saturating_sub(steps_per_epoch)..];
        let mean_of = |value: fn(&StepMetrics) -> f64| {
            mean(&last.iter().map(value).collect::<Vec<_>>()).unwrap_or(0.0)
        };
        Self {
            steps: steps.len(),
            loss: mean_of(|step| step.loss),
            margin: mean_of(|step| step.rewards_margins),
            accuracy: mean_of(|step| step.rewards_accuracies),
        }
    }
}

/// What an iteration did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IterationFigures {
    /// Which one, from 1.
    pub iteration: usize,
    /// Its training completions.
    pub sampled: SampleFigures,
    /// Pairs trained on.
    pub pairs: usize,
    /// Instructions that gave no pair, by reason.
    pub drops: Reasons,
    /// The two sides of the pairs, and what the selector says of them.
    #[serde(default)]
    pub selector: SelectorFigures,
    /// How consistent the judges were.
    #[serde(default)]
    pub judge: JudgeMetrics,
    /// The training.
    pub train: TrainFigures,
}

/// Counts equal reasons.
pub fn count<'a>(reasons: impl Iterator<Item = &'a String>) -> Reasons {
    let mut counts = Reasons::new();
    for reason in reasons {
        *counts.entry(reason.clone()).or_default() += 1;
    }
    counts
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn mean_of(candidates: &[&&tpo_types::Candidate], tokens: fn(&tpo_types::Candidate) -> u32) -> f64 {
    mean(
        &candidates
            .iter()
            .map(|candidate| f64::from(tokens(candidate)))
            .collect::<Vec<_>>(),
    )
    .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(scores: &[f64]) -> Evaluation {
        let mut evaluation = Evaluation::of(0, &[]);
        evaluation.scores = scores
            .iter()
            .enumerate()
            .map(|(index, score)| (index.to_string(), *score))
            .collect();
        evaluation
    }

    #[test]
    fn a_change_is_claimed_only_beyond_its_margin() {
        let before = evaluation(&[0.1, 0.2, 0.3, 0.4]);
        let verdict = |after: &[f64]| {
            Change::between(&before, &evaluation(after)).map(|change| change.verdict())
        };
        assert_eq!(verdict(&[0.3, 0.4, 0.5, 0.7]), Some("improved"));
        assert_eq!(verdict(&[0.0, 0.1, 0.2, 0.25]), Some("got worse"));
        assert_eq!(verdict(&[0.9, 0.0, 0.3, 0.4]), Some("no clear change"));
        assert_eq!(Change::between(&before, &evaluation(&[1.0])), None);
    }
}
