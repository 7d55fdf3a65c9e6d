//! Prefers the response nearer to the right length.
//!
//! The right length is `words` words, 60 by default.

use std::cmp::Ordering;

use serde::Deserialize;
use tpo_plugin::{
    Comparison, Error, JsonSchema, PairwiseJudge, Plugin, Preference, Verdict, schemars,
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The preferred number of words.
    #[schemars(range(min = 1))]
    words: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { words: 60 }
    }
}

struct RightLength(Config);

impl Plugin for RightLength {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        // The SDK has checked `words` against the range in its schema.
        Ok(Self(config))
    }
}

impl RightLength {
    fn distance(&self, response: &str) -> usize {
        response.split_whitespace().count().abs_diff(self.0.words)
    }

    fn preference(&self, comparison: &Comparison) -> Preference {
        let (first, second) = (
            self.distance(&comparison.first),
            self.distance(&comparison.second),
        );
        match first.cmp(&second) {
            Ordering::Less => Preference::First,
            Ordering::Greater => Preference::Second,
            Ordering::Equal => Preference::Tie,
        }
    }
}

impl PairwiseJudge for RightLength {
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error> {
        // A verdict may also have a strength, a probability and a rationale.
        Ok(comparisons
            .iter()
            .map(|comparison| self.preference(comparison).into())
            .collect())
    }
}

tpo_plugin::export_pairwise_judge!(RightLength);

/// `cargo test` runs these natively, without a component.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter() {
        let judge = RightLength::new(Config { words: 2 }).expect("a valid configuration");
        let comparison = |first: &str, second: &str| Comparison {
            instruction: Default::default(),
            first: first.into(),
            second: second.into(),
        };
        let verdicts = judge
            .compare(&[comparison("a b", "a"), comparison("a", "a b")])
            .expect("verdicts");
        assert_eq!(verdicts[0].preference, Preference::First);
        assert_eq!(verdicts[1].preference, Preference::Second);
    }
}
