//! Which pairs were selected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_types::Candidate;

use super::mean;
use crate::groups::SelectedGroup;

/// How long the two sides of the pairs are, and what the selector reports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SelectorMetrics {
    /// Lengths of the responses.
    pub response_tokens: SideTokens,
    /// Lengths of the thoughts.
    pub thought_tokens: SideTokens,
    /// Numbers that the selector reports, such as `rho`.
    pub reported: BTreeMap<String, f64>,
}

/// Mean lengths in tokens, over the pairs of which both sides parsed; none without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SideTokens {
    /// Of the chosen side.
    pub chosen: Option<f64>,
    /// Of the rejected side.
    pub rejected: Option<f64>,
}

impl SelectorMetrics {
    /// Measures the selected pairs.
    pub(crate) fn of(groups: &[SelectedGroup<'_>], reported: BTreeMap<String, f64>) -> Self {
        let (chosen, rejected): (Vec<&Candidate>, Vec<&Candidate>) = groups
            .iter()
            .flat_map(|selected| {
                let candidates = &selected.group.candidates;
                selected
                    .pairs()
                    .iter()
                    .map(|pair| (&candidates[pair.chosen()], &candidates[pair.rejected()]))
            })
            .filter(|(chosen, rejected)| chosen.parts().is_some() && rejected.parts().is_some())
            .unzip();
        Self {
            response_tokens: SideTokens {
                chosen: mean(chosen.iter().map(|one| f64::from(one.response_tokens))),
                rejected: mean(rejected.iter().map(|one| f64::from(one.response_tokens))),
            },
            thought_tokens: SideTokens {
                chosen: mean(chosen.iter().map(|one| f64::from(one.thought_tokens))),
                rejected: mean(rejected.iter().map(|one| f64::from(one.thought_tokens))),
            },
            reported,
        }
    }
}
