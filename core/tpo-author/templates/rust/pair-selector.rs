//! Pairs best with worst where their scores differ enough.
//!
//! They have to differ by at least `margin`.

use serde::Deserialize;
use tpo_plugin::{
    CandidateGroup, CandidateStatus, Error, JsonSchema, Pair, PairSelector, Plugin, Selection,
    schemars,
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The smallest difference between the scores of a pair.
    #[schemars(range(min = 0.0))]
    margin: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { margin: 0.1 }
    }
}

struct Margin(Config);

impl Plugin for Margin {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        // The SDK has checked `margin` against the range in its schema.
        Ok(Self(config))
    }
}

impl PairSelector for Margin {
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error> {
        Ok(groups.iter().map(|group| self.of_group(group)).collect())
    }
}

impl Margin {
    fn of_group(&self, group: &CandidateGroup) -> Selection {
        let scores = group
            .candidates
            .iter()
            .zip(0..)
            .filter_map(|(candidate, index)| match candidate.status {
                CandidateStatus::Scored(score) => Some((score, index)),
                CandidateStatus::Unscored(_) | CandidateStatus::Malformed(_) => None,
            });
        let mut scores: Vec<(f64, u32)> = scores.collect();
        scores.sort_by(|a, b| a.0.total_cmp(&b.0));
        let pair = match (scores.first(), scores.last()) {
            (Some(worst), Some(best)) if best.0 > worst.0 && best.0 - worst.0 >= self.0.margin => {
                Some(Pair {
                    chosen: best.1,
                    rejected: worst.1,
                    extra: Vec::new(),
                })
            }
            _ => None,
        };
        let dropped = pair.is_none().then(|| "scores are too close".to_owned());
        Selection {
            pairs: pair.into_iter().collect(),
            dropped,
            extra: Vec::new(),
        }
    }
}

tpo_plugin::export_pair_selector!(Margin);

/// `cargo test` runs these natively, without a component.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_candidates_gives_no_pair() {
        let selector = Margin::new(Config::default()).expect("a valid configuration");
        let group = CandidateGroup {
            instruction_id: "a".into(),
            candidates: Vec::new(),
        };
        let selections = selector.select(&[group]).expect("selections");
        assert_eq!(
            selections[0].dropped.as_deref(),
            Some("scores are too close")
        );
    }
}
