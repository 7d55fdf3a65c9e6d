//! The widest pairs of an instruction among those whose scores are a minimum gap apart.
//!
//! Small differences between scores are mostly noise. Here a pair needs a clear difference; length
//! control may drop the pair but not reverse it.

mod clear;
#[cfg(test)]
mod tests;

use pairing::{
    LengthControl, LengthUnit, Rho, ScoredGroup, mean_excess, response_excess, selection,
};
use serde::Deserialize;
use tpo_plugin::{CandidateGroup, Error, JsonSchema, PairSelector, Plugin, Selection, schemars};

use crate::clear::Clear;

/// How pairs are chosen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The smallest difference between the scores of the chosen and the rejected response, in the
    /// judge's own unit.
    #[schemars(range(min = 0.0))]
    min_gap: f64,
    /// The largest number of pairs of an instruction; the widest come first.
    #[schemars(range(min = 1))]
    pairs_per_group: u32,
    /// How much a response's length counts against its score, both in standard deviations within
    /// the instruction's candidates: 0 is off, and the paper goes up to 0.5. From 0 to 2, or
    /// "auto": the smallest value at which chosen responses are not longer than rejected ones.
    rho: Rho,
    /// The unit of a response's length.
    length_unit: LengthUnit,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            min_gap: 0.0,
            pairs_per_group: 1,
            rho: Rho::ZERO,
            length_unit: LengthUnit::default(),
        }
    }
}

struct Margin(Config);

impl Plugin for Margin {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl PairSelector for Margin {
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error> {
        let groups = ScoredGroup::each(groups, self.0.length_unit);
        let clear: Vec<_> = groups
            .iter()
            .map(|group| Clear::of(group, self.0.min_gap))
            .collect();
        let most = self.0.pairs_per_group as usize;
        let rho = self.0.rho.resolve(|rho| {
            let control = LengthControl::of_responses(rho);
            let widest = clear
                .iter()
                .flatten()
                .flat_map(|clear| clear.widest(most, control));
            mean_excess(widest.map(|pair| response_excess(pair.sides)))
        });
        let (control, report) = (
            LengthControl::of_responses(rho),
            pairing::report([("rho", rho)]),
        );
        let pairs = |clear: Clear<'_>| {
            let widest = clear.widest_first(most, control)?;
            Ok(widest.into_iter().map(|pair| pair.sides.pair()).collect())
        };
        Ok(clear
            .into_iter()
            .map(|clear| selection(clear.and_then(pairs), &report))
            .collect())
    }
}

tpo_plugin::export_pair_selector!(Margin);
