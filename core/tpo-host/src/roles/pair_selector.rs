//! The role `pair-selector`.
//!
//! It gets all groups of an iteration in one call, because it may have to keep a fraction of all
//! pairs.

use std::collections::BTreeMap;

use tpo_types::{
    CandidateGroupView, CandidateStatus, CandidateView, Failure, PairSelector, PluginRole,
    PreferencePair, Selected, Selection,
};

use super::macros::{interface, role_bindings, stage_plugin};
use crate::contract::convert;
use crate::dispatch::role::RoleContract;
use bindings::exports::tpo::plugin::pair_selector::{
    self, Candidate, CandidateGroup, CandidateStatus as GuestStatus, Pair,
    Selection as GuestSelection,
};

/// The most metrics that are kept of a selector.
const MAX_METRICS: usize = 16;

role_bindings!("package tpo:host; world role { export tpo:plugin/pair-selector@0.1.0; }");

/// Groups of candidates in, pairs or a reason to drop each out.
pub(crate) struct Selecting;

impl RoleContract for Selecting {
    const ROLE: PluginRole = PluginRole::PairSelector;
    const ITEMS: &'static str = "groups";
    const AT_ONCE: bool = true;
    const SAMPLES: &'static str = include_str!("pair_selector.json");
    type Item = CandidateGroup;
    type Outcome = GuestSelection;
    interface!(pair_selector, call_select);

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

/// The chosen candidate must have a score; the rejected one must have a score or be malformed.
fn check_pair(group: &CandidateGroup, pair: &Pair) -> Result<(), String> {
    let (chosen, rejected) = (pair.chosen as usize, pair.rejected as usize);
    let broken = |what: &str| {
        Err(format!(
            "the pair of candidates {chosen} and {rejected}, {what}"
        ))
    };
    let status = |index: usize| {
        group
            .candidates
            .get(index)
            .map(|candidate| &candidate.status)
    };
    match (status(chosen), status(rejected)) {
        (None, _) | (_, None) => broken(&format!("but there are only {}", group.candidates.len())),
        (Some(GuestStatus::Malformed(_)), _) => broken("and the chosen one is malformed"),
        (Some(GuestStatus::Unscored(_)), _) => broken("and the chosen one has no score"),
        (_, Some(GuestStatus::Unscored(_))) => broken("and the rejected one has no score"),
        _ if chosen == rejected => broken("which are the same"),
        _ => Ok(()),
    }
}

stage_plugin! {
    /// A plugin that chooses pairs.
    SelectorPlugin: Selecting, loaded by pair_selector
}

impl PairSelector for SelectorPlugin {
    fn select(&self, groups: &[CandidateGroupView<'_>]) -> Result<Selected, Failure> {
        let outcomes = self
            .0
            .ask(&groups.iter().map(guest_group).collect::<Vec<_>>())?;
        Ok(Selected {
            metrics: mean_metrics(&outcomes),
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
    let status = match candidate.status {
        CandidateStatus::Scored(score) => GuestStatus::Scored(score),
        CandidateStatus::Unscored(reason) => GuestStatus::Unscored(reason.into()),
        CandidateStatus::Malformed(reason) => GuestStatus::Malformed(reason.into()),
    };
    Candidate {
        status,
        thought: candidate.thought.map(String::from),
        response: candidate.response.into(),
        thought_tokens: candidate.thought_tokens,
        response_tokens: candidate.response_tokens,
        extra: Vec::new(),
    }
}

/// Of every name in `extra` with finite numbers, their mean.
fn mean_metrics(selections: &[GuestSelection]) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (name, value) in selections.iter().flat_map(|selection| &selection.extra) {
        let number = serde_json::from_str::<f64>(value)
            .ok()
            .filter(|number| number.is_finite());
        let name = convert::reason(name);
        if let Some(number) =
            number.filter(|_| sums.len() < MAX_METRICS || sums.contains_key(&name))
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

/// The selection of a checked outcome.
fn selection(selection: GuestSelection) -> Selection {
    let pair = |pair: &Pair| {
        PreferencePair::new(pair.chosen as usize, pair.rejected as usize)
            .expect("the outcome was checked")
    };
    match selection.dropped {
        Some(reason) => Selection::Dropped(convert::reason(&reason)),
        None => Selection::Pairs(selection.pairs.iter().map(pair).collect()),
    }
}
