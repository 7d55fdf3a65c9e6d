//! The paper's pair selector: one pair per instruction, best against worst after length control.
//!
//! Choices depend on the texts and scores of the candidates and not on their order, so a run with
//! shuffled candidates trains on the same pairs.

#[cfg(test)]
mod tests;

use pairing::{
    LengthControl, LengthUnit, Rho, ScoredGroup, best_against_worst, mean_excess, response_excess,
};
use serde::Deserialize;
use tpo_plugin::{CandidateGroup, Error, JsonSchema, PairSelector, Plugin, Selection, schemars};

/// How pairs are chosen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How much a response's length counts against its score, both in standard deviations within
    /// the instruction's candidates: 0 is off, and the paper goes up to 0.5. From 0 to 2, or
    /// "auto": the smallest value at which chosen responses are not longer than rejected ones.
    rho: Rho,
    /// The unit of a response's length.
    length_unit: LengthUnit,
    /// The largest fraction of all pairs whose rejected side may be a malformed completion.
    #[schemars(range(min = 0.0, max = 1.0))]
    malformed_fraction: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rho: Rho::ZERO,
            length_unit: LengthUnit::default(),
            malformed_fraction: 0.1,
        }
    }
}

struct BestWorst(Config);

impl Plugin for BestWorst {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl PairSelector for BestWorst {
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error> {
        let Self(Config {
            rho,
            length_unit,
            malformed_fraction,
        }) = *self;
        let groups = ScoredGroup::each(groups, length_unit);
        let rho = rho.resolve(|rho| {
            let control = LengthControl::of_responses(rho);
            let pairs = groups
                .iter()
                .filter_map(|group| best_against_worst(group, control).ok());
            mean_excess(pairs.map(response_excess))
        });
        let report = pairing::report([("rho", rho)]);
        Ok(pairing::one_pair_per_group(
            &groups,
            LengthControl::of_responses(rho),
            malformed_fraction,
            &report,
        ))
    }
}

tpo_plugin::export_pair_selector!(BestWorst);
