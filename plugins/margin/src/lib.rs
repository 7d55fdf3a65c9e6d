//! The widest pairs of an instruction among those that the judge tells apart by a minimum gap.
//!
//! A judge's small differences are mostly noise. Here a pair needs a clear verdict, and length
//! control may give it up but not turn it round. It sees scores, lengths and texts, and knows
//! nothing of judges, prompts or training.

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
    /// By how much the judge has to score the chosen response above the rejected one, in the
    /// judge's own unit. From 0.
    #[schemars(range(min = 0.0))]
    min_gap: f64,
    /// At most this many pairs are taken from an instruction, the widest first. From 1.
    #[schemars(range(min = 1))]
    pairs_per_group: u32,
    /// How much a response's length counts against its score, both in standard deviations within
    /// the instruction's candidates: 0 is off, the paper goes up to 0.5. From 0 to 2, or "auto": as
    /// little as keeps chosen responses from being longer than rejected ones.
    rho: Rho,
    /// What a response's length is counted in.
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

/// The checked configuration.
struct Margin(Config);

impl Plugin for Margin {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        if !(config.min_gap >= 0.0 && config.min_gap.is_finite()) {
            return Err(format!(
                "`min_gap` must be a number from 0, not {}",
                config.min_gap
            ));
        }
        if config.pairs_per_group == 0 {
            return Err("`pairs_per_group` must be at least 1, not 0".into());
        }
        config.rho.check("rho")?;
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
            pairing::report(&[("rho", rho)]),
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
