//! `[[validation]]`: the sets of instructions that policies are measured on.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_judge::JudgeConfig;

/// A set of instructions on which the models of a run are measured. The first set chooses the best
/// model; the others are only shown, so their metrics are not biased by the choice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationConfig {
    /// The name of the set in reports: letters, digits, `-` and `_`.
    #[serde(default = "default_name")]
    pub name: String,
    /// Its instructions (JSONL), in the format of `data.train`; none of them may be in `data.train`
    /// or in another set.
    pub data: PathBuf,
    /// Completions per instruction, whose scores are averaged.
    #[serde(default = "default_num_samples")]
    #[schemars(range(min = 1, max = 256))]
    pub num_samples: usize,
    /// How often a completion that does not parse is sampled again. If none parses, it counts as
    /// worse than any that does.
    #[serde(default = "default_resample")]
    #[schemars(range(min = 0, max = 100))]
    pub resample: usize,
    /// When models are measured: after every `"epoch"`, after every `"iteration"`, or after every
    /// so many optimizer steps and at the end of an iteration. Default: `"epoch"` for the first
    /// set, `"iteration"` for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// The judge of this set. Default: the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeConfig>,
}

/// How often models are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected \"epoch\", \"iteration\" or a number of optimizer steps"
)]
pub enum Every {
    /// After so many optimizer steps, and at the end of an iteration.
    Steps(NonZeroUsize),
    /// At a boundary of the training.
    Boundary(Boundary),
}

/// Where a part of the training ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// The end of an epoch.
    Epoch,
    /// The end of an iteration.
    Iteration,
}

impl Every {
    /// Whether models are measured after `step` (from 1) of `total` optimizer steps.
    pub fn is_due(self, step: usize, steps_per_epoch: usize, total: usize) -> bool {
        let every = match self {
            Self::Steps(steps) => steps.get(),
            Self::Boundary(Boundary::Epoch) => steps_per_epoch,
            Self::Boundary(Boundary::Iteration) => total,
        };
        step == total || step.is_multiple_of(every)
    }
}

fn default_name() -> String {
    "validation".into()
}

fn default_num_samples() -> usize {
    1
}

fn default_resample() -> usize {
    5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_measured_at_the_end_and_where_asked() {
        let every = |text: &str| serde_json::from_str::<Every>(text).expect("an interval");
        let due = |text: &str| {
            (1..=7)
                .filter(|step| every(text).is_due(*step, 3, 7))
                .collect::<Vec<_>>()
        };
        assert_eq!(due("\"epoch\""), [3, 6, 7]);
        assert_eq!(due("\"iteration\""), [7]);
        assert_eq!(due("2"), [2, 4, 6, 7]);
        let refused = serde_json::from_str::<Every>("0").expect_err("no steps");
        assert!(refused.to_string().contains("expected \"epoch\""));
    }
}
