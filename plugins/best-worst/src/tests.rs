//! The selector as the host sees it.

use proptest::prelude::*;
use tpo_plugin::{Candidate, CandidateGroup, Pair, PairSelector, Plugin, Selection, Standing};

use crate::{BestWorst, Config, LengthUnit};

fn selector(rho: f64, malformed_share: f64) -> BestWorst {
    BestWorst::new(Config { rho, length_unit: LengthUnit::Characters, malformed_share }).expect("valid configuration")
}

fn candidate(standing: Standing, response: &str) -> Candidate {
    let response_tokens = response.len() as u32;
    Candidate { standing, thought: None, response: response.into(), thought_tokens: 0, response_tokens, extra: vec![] }
}

fn scored(score: f64, response: &str) -> Candidate {
    candidate(Standing::Scored(score), response)
}

fn unscored() -> Candidate {
    candidate(Standing::Unscored("unclear".into()), "?")
}

fn malformed(text: &str) -> Candidate {
    candidate(Standing::Malformed("no response marker".into()), text)
}

fn group(id: &str, candidates: Vec<Candidate>) -> CandidateGroup {
    CandidateGroup { instruction_id: id.into(), candidates }
}

fn select(selector: &BestWorst, groups: &[CandidateGroup]) -> Vec<Selection> {
    selector.select(groups).expect("a selector does not fail")
}

/// The pair of a lone group, or why there is none.
fn select_one(rho: f64, candidates: Vec<Candidate>) -> Result<(u32, u32), String> {
    let selection = select(&selector(rho, 0.1), &[group("a", candidates)]).remove(0);
    match (&selection.pairs[..], selection.dropped) {
        ([Pair { chosen, rejected, .. }], None) => Ok((*chosen, *rejected)),
        ([], Some(reason)) => Err(reason),
        other => panic!("neither a pair nor a reason: {other:?}"),
    }
}

#[test]
fn the_paper_s_length_control() {
    let group = || {
        [(0.10, 1000), (0.14, 2000), (0.12, 1500), (0.16, 2600)]
            .map(|(score, length)| scored(score, &"x".repeat(length)))
            .to_vec()
    };
    assert_eq!(select_one(0.0, group()), Ok((3, 0)));
    assert_eq!(select_one(0.3, group()), Ok((3, 0)));
    assert_eq!(select_one(1.0, group()), Ok((1, 3)));
    assert_eq!(select_one(1.2, group()), Ok((0, 3)));
}

#[test]
fn groups_without_a_pair_say_why() {
    for (candidates, reason) in [
        (vec![], "no scored candidate"),
        (vec![unscored(), malformed("m")], "no scored candidate"),
        (vec![scored(1.0, "a"), unscored()], "only one scored candidate"),
        (vec![scored(1.0, "a"), scored(1.0, "b")], "best and worst tie"),
        (vec![scored(1.0, "a"), scored(2.0, " a ")], "best and worst are the same response"),
    ] {
        assert_eq!(select_one(0.0, candidates), Err(reason.into()));
    }
}

#[test]
fn an_unscored_candidate_is_on_neither_side() {
    assert_eq!(select_one(0.0, vec![unscored(), scored(1.0, "a"), unscored(), scored(2.0, "b")]), Ok((3, 1)));
}

#[test]
fn wrong_settings_are_refused() {
    for (rho, malformed_share) in [(-0.1, 0.1), (2.1, 0.1), (f64::NAN, 0.1), (0.0, -0.1), (0.0, 1.1)] {
        let config = Config { rho, length_unit: LengthUnit::Tokens, malformed_share };
        assert!(BestWorst::new(config).is_err(), "{rho} {malformed_share}");
    }
}

/// `regular` groups with a scored pair, `both` that also hold a malformed completion, `lone` with one scored candidate
/// and a malformed one.
fn mixed(regular: usize, both: usize, lone: usize) -> Vec<CandidateGroup> {
    let of = |kind: &str, count: usize, candidates: Vec<Candidate>| {
        (0..count).map(move |i| group(&format!("{kind}-{i}"), candidates.clone())).collect::<Vec<_>>()
    };
    let pair = vec![scored(1.0, "a"), scored(2.0, "b")];
    let with_malformed = [pair.clone(), vec![malformed("m")]].concat();
    [
        of("regular", regular, pair),
        of("both", both, with_malformed),
        of("lone", lone, vec![scored(1.0, "a"), malformed("m")]),
    ]
    .concat()
}

/// How many pairs there are, and how many of them reject a malformed completion in groups of either kind.
fn counts(groups: &[CandidateGroup], share: f64) -> (usize, usize, usize) {
    let selections = select(&selector(0.0, share), groups);
    let rejects_malformed = |kind: &str| {
        groups
            .iter()
            .zip(&selections)
            .filter(|(group, _)| group.instruction_id.starts_with(kind))
            .flat_map(|(group, selection)| selection.pairs.iter().map(|pair| &group.candidates[pair.rejected as usize]))
            .filter(|rejected| matches!(rejected.standing, Standing::Malformed(_)))
            .count()
    };
    let pairs = selections.iter().map(|selection| selection.pairs.len()).sum();
    (pairs, rejects_malformed("both"), rejects_malformed("lone"))
}

#[test]
fn malformed_pairs_go_first_to_groups_without_another_pair() {
    assert_eq!(counts(&mixed(18, 0, 5), 0.1), (20, 0, 2));
    assert_eq!(counts(&mixed(15, 5, 0), 0.1), (20, 2, 0));
    assert_eq!(counts(&mixed(14, 5, 1), 0.1), (20, 1, 1));
    assert_eq!(counts(&mixed(4, 2, 2), 0.1), (6, 0, 0));
    assert_eq!(counts(&mixed(4, 2, 2), 0.0), (6, 0, 0));
    assert_eq!(counts(&mixed(0, 2, 2), 1.0), (4, 2, 2));
}

fn standings() -> impl Strategy<Value = Standing> {
    prop_oneof![
        4 => prop::sample::select(vec![0.0, 0.1, 0.25, 0.7, 1.0]).prop_map(Standing::Scored),
        1 => Just(Standing::Unscored("unclear".into())),
        1 => Just(Standing::Malformed("no response marker".into())),
    ]
}

fn groups() -> impl Strategy<Value = Vec<CandidateGroup>> {
    let candidate = (standings(), "[ab]{0,4}").prop_map(|(standing, response)| candidate(standing, &response));
    let candidates = prop::collection::vec(candidate, 0..7);
    prop::collection::vec(candidates, 0..12).prop_map(|groups| {
        groups.into_iter().enumerate().map(|(i, candidates)| group(&i.to_string(), candidates)).collect()
    })
}

/// Groups, and the same groups with the candidates of each in another order.
fn shuffled() -> impl Strategy<Value = (Vec<CandidateGroup>, Vec<CandidateGroup>)> {
    groups().prop_flat_map(|groups| {
        let permuted: Vec<_> = groups
            .iter()
            .map(|group| {
                let id = group.instruction_id.clone();
                Just(group.candidates.clone())
                    .prop_shuffle()
                    .prop_map(move |candidates| CandidateGroup { instruction_id: id.clone(), candidates })
            })
            .collect();
        (Just(groups), permuted)
    })
}

/// What is trained on: the texts and standings of both sides, per group.
fn sides(groups: &[CandidateGroup], selector: &BestWorst) -> Vec<Option<(Candidate, Candidate)>> {
    let side = |group: &CandidateGroup, index: u32| group.candidates[index as usize].clone();
    select(selector, groups)
        .iter()
        .zip(groups)
        .map(|(selection, group)| {
            selection.pairs.first().map(|pair| (side(group, pair.chosen), side(group, pair.rejected)))
        })
        .collect()
}

proptest! {
    #[test]
    fn the_order_of_candidates_decides_nothing((groups, permuted) in shuffled(), rho in 0.0..2.0, share in 0.0..1.0) {
        let selector = selector(rho, share);
        prop_assert_eq!(sides(&groups, &selector), sides(&permuted, &selector));
    }

    #[test]
    fn pairs_are_legal(groups in groups(), rho in 0.0..2.0, share in 0.0..1.0) {
        let selector = selector(rho, share);
        let sides: Vec<_> = sides(&groups, &selector).into_iter().flatten().collect();
        for (chosen, rejected) in &sides {
            prop_assert!(matches!(chosen.standing, Standing::Scored(_)));
            prop_assert!(!matches!(rejected.standing, Standing::Unscored(_)));
            prop_assert_ne!(chosen.response.trim(), rejected.response.trim());
        }
        let malformed = sides.iter().filter(|(_, side)| matches!(side.standing, Standing::Malformed(_))).count();
        prop_assert!(malformed as f64 <= share * sides.len() as f64);
        for selection in select(&selector, &groups) {
            prop_assert_eq!(selection.pairs.len() + usize::from(selection.dropped.is_some()), 1);
        }
    }
}
