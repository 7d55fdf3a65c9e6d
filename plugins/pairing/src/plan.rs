//! One pair per group: best against worst, or against a malformed completion where the share of
//! those allows it.

use tpo_plugin::{CandidateStatus, Extra, Pair, Selection};

use crate::best_worst::{best, best_against_worst};
use crate::hash::hash;
use crate::sides::pair;
use crate::{LengthControl, ScoredCandidate, ScoredGroup, Sides, malformed, selection};

/// The pairs that a group could give. At most one is taken.
pub(crate) struct Plan {
    /// Best against worst of the scored candidates, or why there is no such pair.
    pub(crate) scored: Result<Pair, &'static str>,
    /// The best against a malformed completion, where the group has both.
    pub(crate) malformed: Option<Pair>,
    /// Whether the group may use its malformed pair.
    pub(crate) granted: bool,
}

/// One selection per group. At most `malformed_share` of all pairs reject a malformed completion;
/// `report` goes with every selection.
pub fn one_pair_per_group(
    groups: &[ScoredGroup<'_>],
    control: LengthControl,
    malformed_share: f64,
    report: &Extra,
) -> Vec<Selection> {
    let mut plans: Vec<_> = groups
        .iter()
        .map(|group| Plan::of(group, control))
        .collect();
    malformed::grant(groups, &mut plans, malformed_share);
    plans
        .into_iter()
        .map(|plan| selection(plan.into_pair().map(|pair| vec![pair]), report))
        .collect()
}

impl Plan {
    fn of(group: &ScoredGroup<'_>, control: LengthControl) -> Self {
        Self {
            scored: best_against_worst(group, control).map(Sides::pair),
            malformed: best(group, control).and_then(|best| malformed_pair(group, best)),
            granted: false,
        }
    }

    fn into_pair(self) -> Result<Pair, &'static str> {
        match (self.granted, self.malformed) {
            (true, Some(pair)) => Ok(pair),
            _ => self.scored,
        }
    }
}

/// Which of several malformed completions is rejected says a hash of the text.
fn malformed_pair(group: &ScoredGroup<'_>, chosen: &ScoredCandidate<'_>) -> Option<Pair> {
    (0..)
        .zip(&group.group.candidates)
        .filter(|(_, candidate)| matches!(candidate.status, CandidateStatus::Malformed(_)))
        .filter(|(_, candidate)| candidate.response.trim() != chosen.text)
        .min_by_key(|(_, candidate)| hash(&candidate.response))
        .map(|(rejected, _)| pair(chosen.index, rejected))
}
