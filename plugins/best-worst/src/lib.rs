//! The paper's pair selector: one pair per instruction, best against worst after length control.
//!
//! It sees scores, lengths and texts, and knows nothing of judges, prompts or training. Choices depend on the texts and
//! scores of the candidates and not on their order, so a run with shuffled candidates trains on the same pairs.

mod length_control;
mod malformed;
mod plan;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tpo_plugin::{CandidateGroup, Error, JsonSchema, PairSelector, Plugin, Selection, schemars};

use crate::length_control::LengthControl;
use crate::plan::Plan;

/// How pairs are chosen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How much a response's length counts against its score, both in standard deviations within the instruction's
    /// candidates: 0 is off, the paper goes up to 0.5. From 0 to 2.
    rho: f64,
    /// What a response's length is counted in.
    length_unit: LengthUnit,
    /// The largest share of all pairs whose rejected side may be a malformed completion. From 0 to 1.
    malformed_share: f64,
}

/// What a response's length is counted in.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum LengthUnit {
    /// Unicode scalar values.
    #[default]
    Characters,
    /// Tokens of the policy.
    Tokens,
}

impl Default for Config {
    fn default() -> Self {
        Self { rho: 0.0, length_unit: LengthUnit::default(), malformed_share: 0.1 }
    }
}

/// The checked configuration.
struct BestWorst {
    control: LengthControl,
    malformed_share: f64,
}

impl Plugin for BestWorst {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        let Config { rho, length_unit: unit, malformed_share } = config;
        if !(0.0..=2.0).contains(&rho) {
            return Err(format!("`rho` must be from 0 to 2, not {rho}"));
        }
        if !(0.0..=1.0).contains(&malformed_share) {
            return Err(format!("`malformed_share` must be from 0 to 1, not {malformed_share}"));
        }
        Ok(Self { control: LengthControl { rho, unit }, malformed_share })
    }
}

impl PairSelector for BestWorst {
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error> {
        let mut plans: Vec<_> = groups.iter().map(|group| Plan::of(group, self.control)).collect();
        malformed::grant(groups, &mut plans, self.malformed_share);
        Ok(plans.into_iter().map(Plan::into_selection).collect())
    }
}

tpo_plugin::export_pair_selector!(BestWorst);
