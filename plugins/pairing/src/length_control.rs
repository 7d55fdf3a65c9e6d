//! A score minus its lengths: `N(score) - rho * N(response's length) - rho_thought * N(thought's
//! length)`, with `N` the z-score within the group's scored candidates.

use crate::ScoredCandidate;

/// How much lengths count against the score, each in standard deviations within the group.
#[derive(Debug, Clone, Copy)]
pub struct LengthControl {
    /// The weight of the response's length.
    pub rho: f64,
    /// The weight of the thought's length.
    pub rho_thought: f64,
}

impl LengthControl {
    /// As in the paper: the length of a thought does not count.
    pub fn of_responses(rho: f64) -> Self {
        Self {
            rho,
            rho_thought: 0.0,
        }
    }

    /// What a candidate is worth.
    pub fn worth(self, candidate: &ScoredCandidate<'_>) -> f64 {
        candidate.z_score - self.rho * candidate.z_response - self.rho_thought * candidate.z_thought
    }
}

#[cfg(test)]
mod tests {
    use tpo_plugin::CandidateGroup;

    use super::*;
    use crate::testing::{group, paper_group, thinking};
    use crate::{LengthUnit, ScoredGroup};

    /// The worths of a group's candidates, all scored, in the group's order.
    fn worths(group: &CandidateGroup, unit: LengthUnit, control: LengthControl) -> Vec<f64> {
        let mut scored = ScoredGroup::of(group, unit).candidates;
        scored.sort_by_key(|candidate| candidate.index);
        scored
            .iter()
            .map(|candidate| control.worth(candidate))
            .collect()
    }

    #[track_caller]
    fn near(found: &[f64], wanted: &[f64]) {
        let is_near = |(found, wanted): (&f64, &f64)| (found - wanted).abs() < 1e-6;
        assert!(
            found.len() == wanted.len() && found.iter().zip(wanted).all(is_near),
            "{found:?} is not {wanted:?}"
        );
    }

    #[test]
    fn the_paper_s_numbers() {
        for unit in [LengthUnit::Characters, LengthUnit::Tokens] {
            let worths = worths(&paper_group(), unit, LengthControl::of_responses(0.3));
            near(&worths, &[-0.949_693, 0.333_422, -0.308_135, 0.924_406]);
        }
    }

    #[test]
    fn thoughts_count_by_their_own_weight() {
        // Any two values are one standard deviation from their mean.
        let group = group(
            "a",
            vec![
                thinking(0.7, "aa", Some("a long thought")),
                thinking(0.2, "a", None),
            ],
        );
        let worths = |rho, rho_thought| {
            worths(
                &group,
                LengthUnit::Characters,
                LengthControl { rho, rho_thought },
            )
        };
        near(&worths(0.0, 0.0), &[1.0, -1.0]);
        near(&worths(0.5, 0.0), &[0.5, -0.5]);
        near(&worths(0.5, 0.75), &[-0.25, 0.25]);
    }
}
