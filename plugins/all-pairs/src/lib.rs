//! All pairs of candidates of an instruction, with the better one chosen after length control.
//!
//! No result depends on the order of candidates or groups.

#[cfg(test)]
mod tests;

use pairing::{
    LengthControl, LengthUnit, Rho, ScoredGroup, Sides, mean_excess, response_excess, selection,
};
use serde::Deserialize;
use tpo_plugin::{CandidateGroup, Error, JsonSchema, PairSelector, Plugin, Selection, schemars};

/// How pairs are chosen.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How much a response's length counts against its score, both in standard deviations within
    /// the instruction's candidates: 0 is off, and the paper goes up to 0.5. From 0 to 2, or
    /// "auto": the smallest value at which chosen responses are not longer than rejected ones.
    rho: Rho,
    /// The unit of a response's length.
    length_unit: LengthUnit,
}

struct AllPairs(Config);

impl Plugin for AllPairs {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl PairSelector for AllPairs {
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error> {
        let groups = ScoredGroup::each(groups, self.0.length_unit);
        let contrasts: Vec<_> = groups.iter().map(ScoredGroup::contrasts).collect();
        let rho = self.0.rho.resolve(|rho| {
            let control = LengthControl::of_responses(rho);
            let pairs = contrasts
                .iter()
                .flatten()
                .flatten()
                .filter_map(|sides| sides.better_first(control));
            mean_excess(pairs.map(response_excess))
        });
        let (control, report) = (
            LengthControl::of_responses(rho),
            pairing::report([("rho", rho)]),
        );
        let pairs = |contrasts: Vec<Sides<'_>>| {
            let better_first = contrasts
                .iter()
                .filter_map(|sides| sides.better_first(control));
            let pairs: Vec<_> = better_first.map(Sides::pair).collect();
            if pairs.is_empty() {
                Err("all scored candidates tie")
            } else {
                Ok(pairs)
            }
        };
        Ok(contrasts
            .into_iter()
            .map(|contrasts| selection(contrasts.and_then(pairs), &report))
            .collect())
    }
}

tpo_plugin::export_pair_selector!(AllPairs);
