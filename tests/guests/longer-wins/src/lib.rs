//! A pairwise judge that prefers the longer response: a verdict that can be checked by counting.

use std::cmp::Ordering;

use tpo_plugin::{Comparison, Error, NoConfig, PairwiseJudge, Plugin, Preference, Verdict};

struct LongerWins;

impl Plugin for LongerWins {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl PairwiseJudge for LongerWins {
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error> {
        Ok(comparisons.iter().map(longer).map(Verdict::from).collect())
    }
}

fn longer(comparison: &Comparison) -> Preference {
    match comparison.first.len().cmp(&comparison.second.len()) {
        Ordering::Greater => Preference::First,
        Ordering::Less => Preference::Second,
        Ordering::Equal => Preference::Tie,
    }
}

tpo_plugin::export_pairwise_judge!(LongerWins);
