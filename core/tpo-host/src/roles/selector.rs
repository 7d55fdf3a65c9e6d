//! The role `pair-selector`.
//!
//! It gets all groups of an iteration in one call, because a share of all pairs can only be kept by
//! who sees them all.

use std::collections::BTreeMap;

use tpo_types::{
    CandidateGroupView, CandidateStatus, CandidateView, Failure, PairSelector, PluginIdentity,
    PluginRole, PreferencePair, Selected, Selection,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Reply, Role, call_through, convert};
use crate::bindings::exports::tpo::plugin::pair_selector::{
    self, Candidate, CandidateGroup, Pair, Selection as GuestSelection, Standing as GuestStanding,
};
use crate::plugin::Plugin;
use crate::state::State;

/// The most figures that are kept of a selector.
const MAX_FIGURES: usize = 16;

/// Groups of candidates in, pairs or a reason to drop each out.
pub(crate) struct Selecting;

impl Role for Selecting {
    const ROLE: PluginRole = PluginRole::PairSelector;
    const ITEMS: &'static str = "groups";
    const AT_ONCE: bool = true;
    type Item = CandidateGroup;
    type Outcome = GuestSelection;
    call_through!(pair_selector, call_select);

    fn bytes(group: &CandidateGroup) -> usize {
        let candidate = |candidate: &Candidate| {
            candidate.response.len() + candidate.thought.as_ref().map_or(0, String::len)
        };
        group.candidates.iter().map(candidate).sum()
    }

    fn name(group: &CandidateGroup, _number: usize) -> String {
        format!("group `{}`", group.instruction_id)
    }

    fn check(group: &CandidateGroup, selection: &GuestSelection) -> Result<(), String> {
        match (selection.pairs.is_empty(), selection.dropped.is_some()) {
            (true, false) => Err("neither a pair nor a reason to drop it".into()),
            (false, true) => Err("pairs and a reason to drop it".into()),
            _ => selection
                .pairs
                .iter()
                .try_for_each(|pair| check_pair(group, pair)),
        }
    }

    fn without_answer(_group: &CandidateGroup, reason: &str) -> GuestSelection {
        GuestSelection {
            pairs: Vec::new(),
            dropped: Some(reason.into()),
            extra: Vec::new(),
        }
    }
}

/// A pair says which of two is better, so the chosen side has a score, and the rejected one a score
/// or no valid form.
fn check_pair(group: &CandidateGroup, pair: &Pair) -> Result<(), String> {
    let (chosen, rejected) = (pair.chosen as usize, pair.rejected as usize);
    let broken = |what: &str| {
        Err(format!(
            "the pair of candidates {chosen} and {rejected}, {what}"
        ))
    };
    let standing = |index: usize| {
        group
            .candidates
            .get(index)
            .map(|candidate| &candidate.standing)
    };
    match (standing(chosen), standing(rejected)) {
        (None, _) | (_, None) => broken(&format!("which has {}", group.candidates.len())),
        (Some(GuestStanding::Malformed(_)), _) => broken("and the chosen one is malformed"),
        (Some(GuestStanding::Unscored(_)), _) => broken("and the chosen one has no score"),
        (_, Some(GuestStanding::Unscored(_))) => broken("and the rejected one has no score"),
        _ if chosen == rejected => broken("which are the same"),
        _ => Ok(()),
    }
}

/// A plugin that chooses pairs.
pub struct SelectorPlugin(pub(crate) Plugin<Selecting>);

impl SelectorPlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl PairSelector for SelectorPlugin {
    fn select(&self, groups: &[CandidateGroupView<'_>]) -> Result<Selected, Failure> {
        let outcomes = self
            .0
            .ask(&groups.iter().map(guest_group).collect::<Vec<_>>())?;
        Ok(Selected {
            metrics: figures(&outcomes),
            selections: outcomes.into_iter().map(selection).collect(),
        })
    }
}

fn guest_group(group: &CandidateGroupView<'_>) -> CandidateGroup {
    CandidateGroup {
        instruction_id: group.instruction_id.into(),
        candidates: group.candidates.iter().map(guest_candidate).collect(),
    }
}

fn guest_candidate(candidate: &CandidateView<'_>) -> Candidate {
    let standing = match candidate.status {
        CandidateStatus::Scored(score) => GuestStanding::Scored(score),
        CandidateStatus::Unscored(reason) => GuestStanding::Unscored(reason.into()),
        CandidateStatus::Malformed(reason) => GuestStanding::Malformed(reason.into()),
    };
    Candidate {
        standing,
        thought: candidate.thought.map(String::from),
        response: candidate.response.into(),
        thought_tokens: candidate.thought_tokens,
        response_tokens: candidate.response_tokens,
        extra: Vec::new(),
    }
}

/// Of every name in `extra` with finite numbers, their mean.
fn figures(selections: &[GuestSelection]) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (name, value) in selections.iter().flat_map(|selection| &selection.extra) {
        let number = serde_json::from_str::<f64>(value)
            .ok()
            .filter(|number| number.is_finite());
        let name = convert::reason(name);
        if let Some(number) =
            number.filter(|_| sums.len() < MAX_FIGURES || sums.contains_key(&name))
        {
            let (sum, count) = sums.entry(name).or_default();
            *sum += number;
            *count += 1.0;
        }
    }
    sums.into_iter()
        .map(|(name, (sum, count))| (name, sum / count))
        .filter(|(_, mean)| mean.is_finite())
        .collect()
}

/// The selection that a guest's answer stands for, once that was checked.
fn selection(selection: GuestSelection) -> Selection {
    let pair = |pair: &Pair| {
        PreferencePair::new(pair.chosen as usize, pair.rejected as usize)
            .expect("the answer was checked")
    };
    match selection.dropped {
        Some(reason) => Selection::Dropped(convert::reason(&reason)),
        None => Selection::Pairs(selection.pairs.iter().map(pair).collect()),
    }
}
