//! The role `pair-selector`.
//!
//! It gets all groups of an iteration in one call, because a share of all pairs can only be kept by who sees them all.

use tpo_types::{CandidateView, Failure, PairSelector, PluginIdentity, PreferencePair, Selection, Standing};

use crate::bindings::exports::tpo::plugin::pair_selector::{
    Candidate, CandidateGroup, GuestIndices, Pair, Selection as GuestSelection, Standing as GuestStanding,
};
use crate::convert;
use crate::plugin::{Call, Plugin};

/// A component that chooses pairs.
pub struct SelectorPlugin(pub(crate) Plugin<GuestIndices>);

impl SelectorPlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl PairSelector for SelectorPlugin {
    fn select(&self, groups: &[(&str, Vec<CandidateView<'_>>)]) -> Result<Vec<Selection>, Failure> {
        let call = self.0.at_once(groups.len());
        let input: Vec<CandidateGroup> = groups.iter().map(guest_group).collect();
        let selections = call.ask(|guest, store| guest.call_select(store, &input))?;
        call.check_count(selections.len(), groups.len(), "groups")?;
        let selections = groups.iter().zip(selections);
        selections.map(|((id, candidates), chosen)| selection(&call, id, candidates, chosen)).collect()
    }
}

fn guest_group((id, candidates): &(&str, Vec<CandidateView<'_>>)) -> CandidateGroup {
    CandidateGroup { instruction_id: (*id).into(), candidates: candidates.iter().map(guest_candidate).collect() }
}

fn guest_candidate(candidate: &CandidateView<'_>) -> Candidate {
    let standing = match candidate.standing {
        Standing::Scored(score) => GuestStanding::Scored(score),
        Standing::Unscored(reason) => GuestStanding::Unscored(reason.into()),
        Standing::Malformed(reason) => GuestStanding::Malformed(reason.into()),
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

fn selection(
    call: &Call<'_, GuestIndices>,
    id: &str,
    candidates: &[CandidateView<'_>],
    selection: GuestSelection,
) -> Result<Selection, Failure> {
    match (selection.pairs.as_slice(), selection.dropped) {
        ([], Some(reason)) => Ok(Selection::Dropped(convert::reason(&reason))),
        ([], None) => Err(call.broken(format!("gave group `{id}` neither a pair nor a reason to drop it"))),
        (_, Some(_)) => Err(call.broken(format!("gave group `{id}` pairs and a reason to drop it"))),
        (pairs, None) => {
            let pairs = pairs.iter().map(|chosen| pair(call, id, candidates, chosen));
            pairs.collect::<Result<_, _>>().map(Selection::Pairs)
        }
    }
}

/// A pair says which of two is better, so the chosen side has a score, and the rejected one a score or no valid form.
fn pair(
    call: &Call<'_, GuestIndices>,
    id: &str,
    candidates: &[CandidateView<'_>],
    pair: &Pair,
) -> Result<PreferencePair, Failure> {
    let (chosen, rejected) = (pair.chosen as usize, pair.rejected as usize);
    let broken = |what: &str| call.broken(format!("paired candidates {chosen} and {rejected} of group `{id}`, {what}"));
    let standing = |index: usize| candidates.get(index).map(|candidate| &candidate.standing);
    match (standing(chosen), standing(rejected)) {
        (None, _) | (_, None) => Err(broken(&format!("which has {}", candidates.len()))),
        (Some(Standing::Malformed(_)), _) => Err(broken("and the chosen one is malformed")),
        (Some(Standing::Unscored(_)), _) => Err(broken("and the chosen one has no score")),
        (_, Some(Standing::Unscored(_))) => Err(broken("and the rejected one has no score")),
        _ => PreferencePair::new(chosen, rejected).ok_or_else(|| broken("which are the same")),
    }
}
