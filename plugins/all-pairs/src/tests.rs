//! The selector through its trait.

use std::collections::BTreeSet;

use pairing::properties::{
    Weight, auto_is_the_smallest_that_balances, chosen_are_worth_more, order_does_not_matter,
    pairs_are_legal, worths,
};
use pairing::testing::{
    any_groups, any_order, any_rho, any_unit, group, malformed, paper_group, refused_by_key,
    scored, select, select_one, unscored,
};
use pairing::{LengthUnit, Rho};
use proptest::prelude::*;
use tpo_plugin::{CandidateGroup, Plugin};

use crate::{AllPairs, Config};

const WEIGHTS: &[Weight] = &[("rho", LengthUnit::response)];

fn selector(length_unit: LengthUnit, rho: Rho) -> AllPairs {
    AllPairs::new(Config { rho, length_unit }).expect("valid configuration")
}

/// The pairs of a single group, or why there are none.
fn pairs_at(rho: f64, group: &CandidateGroup) -> Result<BTreeSet<(u32, u32)>, String> {
    select_one(&selector(LengthUnit::Characters, Rho::Fixed(rho)), group).map(BTreeSet::from_iter)
}

#[test]
fn the_paper_s_length_control() {
    // The order of worths, best first, computed in Python: z = lambda v: [(x - mean(v)) / pstdev(v)
    // for x in v] with `statistics`, then sorted(range(4), key=lambda i: rho * z(lengths)[i] -
    // z(scores)[i]).
    for (rho, order) in [
        (0.0, [3, 1, 2, 0]),
        (0.3, [3, 1, 2, 0]),
        (1.0, [1, 2, 0, 3]),
        (1.2, [0, 2, 1, 3]),
    ] {
        let wanted = (0..4)
            .flat_map(|i| (i + 1..4).map(move |j| (order[i], order[j])))
            .collect();
        assert_eq!(pairs_at(rho, &paper_group()), Ok(wanted), "{rho}");
    }
}

#[test]
fn groups_without_a_pair_say_why() {
    for (candidates, reason) in [
        (vec![], "no scored candidate"),
        (vec![unscored(), malformed("m")], "no scored candidate"),
        (
            vec![scored(1.0, "a"), malformed("m")],
            "only one scored candidate",
        ),
        (
            vec![scored(1.0, "a"), scored(2.0, " a ")],
            "all scored candidates are the same response",
        ),
        (
            vec![scored(1.0, "a"), scored(1.0, "b")],
            "all scored candidates tie",
        ),
    ] {
        assert_eq!(pairs_at(0.0, &group("a", candidates)), Err(reason.into()));
    }
}

#[test]
fn ties_and_equal_responses_are_left_out_and_so_is_what_has_no_score() {
    let candidates = vec![
        malformed("m"),
        scored(1.0, "a"),
        scored(1.0, "b"),
        unscored(),
        scored(0.0, "c"),
        scored(0.5, "a "),
    ];
    let wanted = BTreeSet::from([(1, 4), (2, 4), (2, 5), (5, 4)]);
    assert_eq!(pairs_at(0.0, &group("a", candidates)), Ok(wanted));
}

#[test]
fn wrong_settings_are_refused_by_key() {
    refused_by_key::<AllPairs>(&[
        (r#"{"rho": -0.1}"#, "`rho`"),
        (r#"{"rho": 2.1}"#, "`rho`"),
        (r#"{"rho": null}"#, "`rho`"),
    ]);
}

#[test]
fn every_selection_reports_the_rho_of_the_call() {
    let groups = [paper_group(), group("a", vec![])];
    // The first value of the grid at which the paper's longest response is worth the least.
    for (rho, wanted) in [(Rho::Fixed(0.3), "0.3"), (Rho::ZERO, "0"), (Rho::Auto, "1")] {
        for selection in select(&selector(LengthUnit::Characters, rho), &groups) {
            assert_eq!(selection.extra, [("rho".to_owned(), wanted.to_owned())]);
        }
    }
}

proptest! {
    #[test]
    fn the_order_of_candidates_and_groups_does_not_matter(
        (groups, permuted) in any_order(), rho in any_rho(), unit in any_unit(),
    ) {
        order_does_not_matter(&selector(unit, rho), &groups, &permuted)?;
    }

    #[test]
    fn every_two_of_different_worth_and_text_are_a_pair(
        groups in any_groups(), rho in any_rho(), unit in any_unit(),
    ) {
        let selections = select(&selector(unit, rho), &groups);
        pairs_are_legal(&groups, &selections)?;
        chosen_are_worth_more(&groups, &selections, WEIGHTS, unit)?;
        for (group, selection) in groups.iter().zip(&selections) {
            let worths = worths(group, selection, WEIGHTS, unit);
            let is_pair = |better: usize, worse: usize| {
                let text = |index: usize| group.candidates[index].response.trim();
                worths[better]
                    .zip(worths[worse])
                    .is_some_and(|(better, worse)| better - worse > 1e-12)
                    && text(better) != text(worse)
            };
            let all = 0..group.candidates.len();
            let pairs_of = |a| all.clone().filter(|b| is_pair(a, *b)).count();
            let wanted = all.clone().map(pairs_of).sum::<usize>();
            prop_assert_eq!(selection.pairs.len(), wanted);
        }
    }

    #[test]
    fn auto_is_the_smallest_rho_that_balances(groups in any_groups(), unit in any_unit()) {
        let selector = |rho| selector(unit, rho);
        let length = |candidate: &_| unit.response(candidate);
        auto_is_the_smallest_that_balances(selector, &groups, "rho", length)?;
    }
}
