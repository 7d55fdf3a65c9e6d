//! One pair per group: best against worst, or best against a malformed completion.
//!
//! Pairs with a malformed completion teach the format, but too many of them teach nothing else, so
//! their fraction of all pairs is limited. Groups that have no other pair come first, since they
//! lose nothing; then groups that give up their scored pair. Within both kinds a hash of the
//! instruction's id decides, so that the order of the groups does not.

use tpo_plugin::{CandidateStatus, Extra, Pair, Selection};

use crate::best_worst::{best, best_against_worst};
use crate::hash::hash;
use crate::sides::pair;
use crate::{LengthControl, ScoredCandidate, ScoredGroup, Sides, selection};

/// The pairs that a group could give. At most one is taken.
struct Plan {
    /// Best against worst of the scored candidates, or why there is no such pair.
    scored: Result<Pair, &'static str>,
    /// The best against a malformed completion, if the group has both.
    malformed: Option<Pair>,
    /// Whether to take the malformed pair.
    takes_malformed: bool,
}

/// One selection per group. At most `malformed_fraction` of all pairs reject a malformed
/// completion; every selection carries `report`.
pub fn one_pair_per_group(
    groups: &[ScoredGroup<'_>],
    control: LengthControl,
    malformed_fraction: f64,
    report: &Extra,
) -> Vec<Selection> {
    let mut plans: Vec<_> = groups
        .iter()
        .map(|group| Plan::of(group, control))
        .collect();
    take_malformed(groups, &mut plans, malformed_fraction);
    plans
        .into_iter()
        .map(|plan| selection(plan.into_pair().map(|pair| vec![pair]), report))
        .collect()
}

/// Lets as many groups take their malformed pair as the fraction allows.
fn take_malformed(groups: &[ScoredGroup<'_>], plans: &mut [Plan], fraction: f64) {
    let mut pairs = plans.iter().filter(|plan| plan.scored.is_ok()).count();
    let mut eligible: Vec<_> = plans
        .iter()
        .enumerate()
        .filter(|(_, plan)| plan.malformed.is_some())
        .map(|(i, _)| i)
        .collect();
    eligible.sort_by_cached_key(|&i| {
        (
            plans[i].scored.is_ok(),
            hash(&groups[i].group.instruction_id),
        )
    });
    for (taken, i) in eligible.into_iter().enumerate() {
        pairs += usize::from(plans[i].scored.is_err());
        if (taken + 1) as f64 > fraction * pairs as f64 {
            break;
        }
        plans[i].takes_malformed = true;
    }
}

impl Plan {
    fn of(group: &ScoredGroup<'_>, control: LengthControl) -> Self {
        Self {
            scored: best_against_worst(group, control).map(Sides::pair),
            malformed: best(group, control).and_then(|best| malformed_pair(group, best)),
            takes_malformed: false,
        }
    }

    fn into_pair(self) -> Result<Pair, &'static str> {
        match (self.takes_malformed, self.malformed) {
            (true, Some(pair)) => Ok(pair),
            _ => self.scored,
        }
    }
}

/// The chosen candidate against one of the malformed completions; a hash of their texts decides
/// which.
fn malformed_pair(group: &ScoredGroup<'_>, chosen: &ScoredCandidate<'_>) -> Option<Pair> {
    (0..)
        .zip(&group.group.candidates)
        .filter(|(_, candidate)| matches!(candidate.status, CandidateStatus::Malformed(_)))
        .filter(|(_, candidate)| candidate.response.trim() != chosen.text)
        .min_by_key(|(_, candidate)| hash(&candidate.response))
        .map(|(rejected, _)| pair(chosen.index, rejected))
}
