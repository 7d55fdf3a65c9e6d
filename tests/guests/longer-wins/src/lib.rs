//! A pairwise judge whose word can be checked by counting: the longer response wins.

use std::cmp::Ordering;

use tpo_plugin::{Duel, Error, NoConfig, PairwiseJudge, Plugin, Preference, Verdict};

struct LongerWins;

impl Plugin for LongerWins {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl PairwiseJudge for LongerWins {
    fn compare(&self, duels: &[Duel]) -> Result<Vec<Verdict>, Error> {
        let verdict = |duel: &Duel| {
            let preference = match duel.first.len().cmp(&duel.second.len()) {
                Ordering::Greater => Preference::First,
                Ordering::Less => Preference::Second,
                Ordering::Equal => Preference::Tie,
            };
            Verdict {
                preference,
                rationale: None,
                extra: Vec::new(),
            }
        };
        Ok(duels.iter().map(verdict).collect())
    }
}

tpo_plugin::export_pairwise_judge!(LongerWins);
