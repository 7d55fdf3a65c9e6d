//! Best against worst with length control on thoughts too, which the paper does not have.
//!
//! Thoughts are never judged, so only their length can count against them. No result depends on the
//! order of candidates or groups.

#[cfg(test)]
mod tests;

use pairing::{
    LengthControl, LengthUnit, Rho, ScoredGroup, Sides, best_against_worst, mean_excess,
    response_excess, thought_excess,
};
use serde::Deserialize;
use tpo_plugin::{CandidateGroup, Error, JsonSchema, PairSelector, Plugin, Selection, schemars};

/// How pairs are chosen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How much a response's length counts against its score, both in standard deviations within
    /// the instruction's candidates: 0 is off, and the paper goes up to 0.5. From 0 to 2, or
    /// "auto": the smallest value at which chosen responses are not longer than rejected ones, as
    /// long as thoughts do not count.
    rho: Rho,
    /// How much a thought's length counts against the score, in the same way: 0 is off. From 0 to
    /// 2, or "auto": the smallest value at which chosen thoughts are not longer than rejected ones,
    /// given `rho`.
    rho_thought: Rho,
    /// The unit of both lengths.
    length_unit: LengthUnit,
    /// The largest fraction of all pairs whose rejected side may be a malformed completion.
    #[schemars(range(min = 0.0, max = 1.0))]
    malformed_fraction: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rho: Rho::ZERO,
            rho_thought: Rho::Auto,
            length_unit: LengthUnit::default(),
            malformed_fraction: 0.1,
        }
    }
}

struct ThoughtLength(Config);

impl Plugin for ThoughtLength {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl PairSelector for ThoughtLength {
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error> {
        let Self(Config {
            rho,
            rho_thought,
            length_unit,
            malformed_fraction,
        }) = *self;
        let groups = ScoredGroup::each(groups, length_unit);
        let excess = |control: LengthControl, of: fn(Sides<'_>) -> f64| {
            mean_excess(
                groups
                    .iter()
                    .filter_map(|group| best_against_worst(group, control).ok())
                    .map(of),
            )
        };
        let rho = rho.resolve(|rho| excess(LengthControl::of_responses(rho), response_excess));
        let rho_thought = rho_thought
            .resolve(|rho_thought| excess(LengthControl { rho, rho_thought }, thought_excess));
        let report = pairing::report([("rho", rho), ("rho_thought", rho_thought)]);
        Ok(pairing::one_pair_per_group(
            &groups,
            LengthControl { rho, rho_thought },
            malformed_fraction,
            &report,
        ))
    }
}

tpo_plugin::export_pair_selector!(ThoughtLength);
