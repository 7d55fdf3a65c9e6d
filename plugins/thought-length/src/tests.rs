//! The selector through its trait.

use pairing::properties::{
    Weight, auto_is_the_smallest_that_balances, chosen_are_worth_more, malformed_pairs_are_limited,
    order_does_not_matter, pairs_are_best_against_worst, pairs_are_legal, reported,
};
use pairing::testing::{
    any_groups, any_order, any_rho, any_unit, group, malformed, paper_group, refused_by_key,
    scored, select, select_one, thinking, unscored,
};
use pairing::{LengthUnit, Rho};
use proptest::prelude::*;
use tpo_plugin::{CandidateGroup, Plugin};

use crate::{Config, ThoughtLength};

const WEIGHTS: &[Weight] = &[
    ("rho", LengthUnit::response),
    ("rho_thought", LengthUnit::thought),
];

fn selector(rho: Rho, rho_thought: Rho) -> ThoughtLength {
    in_unit(LengthUnit::Characters, rho, rho_thought, 0.1)
}

fn in_unit(
    length_unit: LengthUnit,
    rho: Rho,
    rho_thought: Rho,
    malformed_fraction: f64,
) -> ThoughtLength {
    ThoughtLength::new(Config {
        rho,
        rho_thought,
        length_unit,
        malformed_fraction,
    })
    .expect("valid configuration")
}

/// The pair of a single group, or why there is none.
fn pair_at(rho: f64, rho_thought: f64, group: &CandidateGroup) -> Result<(u32, u32), String> {
    select_one(&selector(Rho::Fixed(rho), Rho::Fixed(rho_thought)), group).map(
        |pairs| match pairs[..] {
            [pair] => pair,
            _ => panic!("not one pair: {pairs:?}"),
        },
    )
}

/// The paper's example with its lengths moved to the thoughts; the responses are equally long.
fn in_thoughts() -> CandidateGroup {
    let mut group = paper_group();
    for (number, candidate) in group.candidates.iter_mut().enumerate() {
        (candidate.thought, candidate.thought_tokens) =
            (Some(candidate.response.clone()), candidate.response_tokens);
        (candidate.response, candidate.response_tokens) = (number.to_string(), 1);
    }
    group
}

#[test]
fn the_paper_s_length_control_of_responses_and_of_thoughts() {
    for (weight, pair) in [(0.0, (3, 0)), (0.3, (3, 0)), (1.0, (1, 3)), (1.2, (0, 3))] {
        assert_eq!(pair_at(weight, 0.0, &paper_group()), Ok(pair));
        assert_eq!(pair_at(0.0, weight, &in_thoughts()), Ok(pair));
        // The other weight has no effect.
        assert_eq!(pair_at(weight, 2.0, &paper_group()), Ok(pair));
        assert_eq!(pair_at(2.0, weight, &in_thoughts()), Ok(pair));
    }
}

#[test]
fn a_missing_thought_has_length_zero() {
    let thoughts = [Some("a thought"), None, Some("")];
    let candidates = |order: [usize; 3]| {
        order
            .map(|i| thinking(0.5, &i.to_string(), thoughts[i]))
            .to_vec()
    };
    // No thought is as short as an empty one; among equal worths the first text is the best.
    assert_eq!(
        pair_at(0.0, 0.1, &group("a", candidates([0, 1, 2]))),
        Ok((1, 0))
    );
    assert_eq!(
        pair_at(0.0, 0.1, &group("a", candidates([2, 1, 0]))),
        Ok((1, 2))
    );
}

#[test]
fn groups_without_a_pair_say_why() {
    for (candidates, reason) in [
        (vec![], "no scored candidate"),
        (vec![unscored(), malformed("m")], "no scored candidate"),
        (
            vec![scored(1.0, "a"), unscored()],
            "only one scored candidate",
        ),
        (
            vec![scored(1.0, "a"), scored(1.0, "b")],
            "best and worst tie",
        ),
        (
            vec![thinking(1.0, "a", Some("x")), thinking(1.0, " a ", None)],
            "best and worst are the same response",
        ),
    ] {
        assert_eq!(
            pair_at(0.0, 0.5, &group("a", candidates)),
            Err(reason.into())
        );
    }
}

#[test]
fn wrong_settings_are_refused_by_key() {
    refused_by_key::<ThoughtLength>(&[
        (r#"{"rho": 2.1}"#, "`rho`"),
        (r#"{"rho_thought": -0.1}"#, "`rho_thought`"),
        (r#"{"malformed_fraction": 1.1}"#, "`malformed_fraction`"),
    ]);
}

#[test]
fn every_selection_reports_both_weights_of_the_call() {
    let groups = [in_thoughts(), group("a", vec![])];
    for (rho, rho_thought, wanted) in [
        (Rho::Fixed(0.3), Rho::Fixed(0.25), ["0.3", "0.25"]),
        (Rho::Auto, Rho::Auto, ["0", "1"]),
        (Rho::Auto, Rho::ZERO, ["0", "0"]),
    ] {
        for selection in select(&selector(rho, rho_thought), &groups) {
            let report = ["rho", "rho_thought"]
                .map(String::from)
                .into_iter()
                .zip(wanted.map(String::from));
            assert_eq!(selection.extra, report.collect::<Vec<_>>());
        }
    }
}

#[test]
fn responses_are_balanced_first_and_thoughts_given_that() {
    let rhos = |groups: &[CandidateGroup]| {
        let selection = select(&selector(Rho::Auto, Rho::Auto), groups).remove(0);
        (
            reported(&selection, "rho"),
            reported(&selection, "rho_thought"),
        )
    };
    // A long thought goes with a long response: what keeps responses short keeps thoughts short.
    let mut both = paper_group();
    for candidate in &mut both.candidates {
        candidate.thought = Some(candidate.response.clone());
    }
    assert_eq!(rhos(&[both]), (1.0, 0.0));
    assert_eq!(rhos(&[paper_group()]), (1.0, 0.0));
    assert_eq!(rhos(&[in_thoughts()]), (0.0, 1.0));
}

proptest! {
    #[test]
    fn the_order_of_candidates_and_groups_does_not_matter(
        (groups, permuted) in any_order(), rho in any_rho(), rho_thought in any_rho(),
        unit in any_unit(),
        fraction in 0.0..1.0,
    ) {
        order_does_not_matter(&in_unit(unit, rho, rho_thought, fraction), &groups, &permuted)?;
    }

    #[test]
    fn pairs_are_legal_and_few_reject_what_is_malformed(
        groups in any_groups(), rho in any_rho(), rho_thought in any_rho(), unit in any_unit(),
        fraction in 0.0..1.0,
    ) {
        let selections = select(&in_unit(unit, rho, rho_thought, fraction), &groups);
        pairs_are_legal(&groups, &selections)?;
        chosen_are_worth_more(&groups, &selections, WEIGHTS, unit)?;
        pairs_are_best_against_worst(&groups, &selections, WEIGHTS, unit)?;
        malformed_pairs_are_limited(&groups, &selections, fraction)?;
    }

    #[test]
    fn auto_balances_responses_as_if_thoughts_did_not_count(
        groups in any_groups(), unit in any_unit(),
    ) {
        let selector = |rho| in_unit(unit, rho, Rho::ZERO, 0.0);
        let length = |candidate: &_| unit.response(candidate);
        auto_is_the_smallest_that_balances(selector, &groups, "rho", length)?;
    }

    #[test]
    fn auto_balances_thoughts_given_rho(
        groups in any_groups(), rho in any_rho(), unit in any_unit(),
    ) {
        let selector = |rho_thought| in_unit(unit, rho, rho_thought, 0.0);
        let length = |candidate: &_| unit.thought(candidate);
        auto_is_the_smallest_that_balances(selector, &groups, "rho_thought", length)?;
    }
}
