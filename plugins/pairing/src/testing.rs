//! Groups to select from, for tests of selectors: by hand, from the paper, and arbitrary ones.

use proptest::prelude::*;
use tpo_plugin::{
    Candidate, CandidateGroup, CandidateStatus, PairSelector, Plugin, Selection, configured,
};

use crate::{LengthUnit, Rho};

/// A scored candidate with or without a thought. Every byte is a token.
pub fn thinking(score: f64, response: &str, thought: Option<&str>) -> Candidate {
    candidate(CandidateStatus::Scored(score), response, thought)
}

/// A scored candidate without a thought.
pub fn scored(score: f64, response: &str) -> Candidate {
    candidate(CandidateStatus::Scored(score), response, None)
}

/// A candidate that the judge could not score.
pub fn unscored() -> Candidate {
    candidate(CandidateStatus::Unscored("unclear".into()), "?", None)
}

/// A completion that did not parse.
pub fn malformed(text: &str) -> Candidate {
    candidate(
        CandidateStatus::Malformed("no response marker".into()),
        text,
        None,
    )
}

fn candidate(status: CandidateStatus, response: &str, thought: Option<&str>) -> Candidate {
    Candidate {
        status,
        thought: thought.map(Into::into),
        response: response.into(),
        thought_tokens: thought.map_or(0, str::len) as u32,
        response_tokens: response.len() as u32,
        extra: Vec::new(),
    }
}

/// A group.
pub fn group(id: &str, candidates: Vec<Candidate>) -> CandidateGroup {
    CandidateGroup {
        instruction_id: id.into(),
        candidates,
    }
}

/// The example of the paper's length control: four candidates, the longer the better.
pub fn paper_group() -> CandidateGroup {
    let candidates = [(0.10, 1000), (0.14, 2000), (0.12, 1500), (0.16, 2600)];
    group(
        "paper",
        candidates
            .map(|(score, length)| scored(score, &"x".repeat(length)))
            .to_vec(),
    )
}

/// One selection per group.
pub fn select(selector: &impl PairSelector, groups: &[CandidateGroup]) -> Vec<Selection> {
    selector.select(groups).expect("a selector does not fail")
}

/// The pairs of a single group, chosen first, or why there is none.
pub fn select_one(
    selector: &impl PairSelector,
    group: &CandidateGroup,
) -> Result<Vec<(u32, u32)>, String> {
    let selection = select(selector, std::slice::from_ref(group)).remove(0);
    match selection.dropped {
        Some(reason) => Err(reason),
        None => Ok(selection
            .pairs
            .iter()
            .map(|pair| (pair.chosen, pair.rejected))
            .collect()),
    }
}

/// Checks that a selector refuses each configuration by naming its key first.
pub fn refused_by_key<S: Plugin>(cases: &[(&str, &str)]) {
    for (config, key) in cases {
        let refusal = configured::<S>(config).err().expect("refused");
        assert!(refusal.starts_with(key), "{config}: {refusal}");
    }
}

/// An arbitrary setting of how much length counts.
pub fn any_rho() -> impl Strategy<Value = Rho> {
    prop_oneof![
        Just(Rho::Auto),
        (0.0..=2.0).prop_map(Rho::Fixed),
        (0..=20_u32).prop_map(|n| Rho::Fixed(f64::from(n) / 10.0))
    ]
}

/// An arbitrary unit.
pub fn any_unit() -> impl Strategy<Value = LengthUnit> {
    prop::sample::select(vec![LengthUnit::Characters, LengthUnit::Tokens])
}

/// Arbitrary groups: with equal scores, equal texts, texts of several lengths in tokens, unscored
/// and malformed candidates.
pub fn any_groups() -> impl Strategy<Value = Vec<CandidateGroup>> {
    let candidates = prop::collection::vec(any_candidate(), 0..7);
    prop::collection::vec(candidates, 0..12).prop_map(|groups| {
        groups
            .into_iter()
            .enumerate()
            .map(|(i, candidates)| group(&i.to_string(), candidates))
            .collect()
    })
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let scores = prop::sample::select(vec![0.0, 0.1, 0.25, 0.7, 1.0]);
    let thought = prop::option::of("[ab]{0,4}");
    let scored = (scores, "[ab ]{0,4}", thought, any::<bool>()).prop_map(
        |(score, response, thought, is_split)| {
            let candidate = thinking(score, &response, thought.as_deref());
            Candidate {
                response_tokens: candidate.response_tokens + u32::from(is_split),
                ..candidate
            }
        },
    );
    let malformed = "[ab]{0,4}".prop_map(|text| malformed(&text));
    prop_oneof![4 => scored, 1 => Just(unscored()), 1 => malformed]
}

/// Arbitrary groups, and the same groups in another order, each with its candidates in another
/// order.
pub fn any_order() -> impl Strategy<Value = (Vec<CandidateGroup>, Vec<CandidateGroup>)> {
    any_groups().prop_flat_map(|groups| {
        let permuted: Vec<_> = groups
            .iter()
            .map(|one| {
                let id = one.instruction_id.clone();
                Just(one.candidates.clone())
                    .prop_shuffle()
                    .prop_map(move |candidates| group(&id, candidates))
            })
            .collect();
        (
            Just(groups),
            permuted.prop_flat_map(|groups| Just(groups).prop_shuffle()),
        )
    })
}
