//! The selector through its trait.

use pairing::properties::{
    Weight, auto_is_the_smallest_that_balances, chosen_are_worth_more, malformed_pairs_are_limited,
    order_does_not_matter, pairs_are_best_against_worst, pairs_are_legal, reported,
};
use pairing::testing::{
    any_groups, any_order, any_rho, any_unit, group, malformed, paper_group, refused_by_key,
    scored, select, select_one, unscored,
};
use pairing::{LengthUnit, Rho};
use proptest::prelude::*;
use tpo_plugin::{Candidate, CandidateGroup, CandidateStatus, Plugin};

use crate::{BestWorst, Config};

const WEIGHTS: &[Weight] = &[("rho", LengthUnit::response)];

fn selector(rho: Rho, malformed_fraction: f64) -> BestWorst {
    in_unit(LengthUnit::Characters, rho, malformed_fraction)
}

fn in_unit(length_unit: LengthUnit, rho: Rho, malformed_fraction: f64) -> BestWorst {
    BestWorst::new(Config {
        rho,
        length_unit,
        malformed_fraction,
    })
    .expect("valid configuration")
}

/// The pair of a single group, or why there is none.
fn pair_at(rho: Rho, group: &CandidateGroup) -> Result<(u32, u32), String> {
    select_one(&selector(rho, 0.1), group).map(|pairs| match pairs[..] {
        [pair] => pair,
        _ => panic!("not one pair: {pairs:?}"),
    })
}

#[test]
fn the_paper_s_length_control() {
    let pair_at = |rho| pair_at(Rho::Fixed(rho), &paper_group());
    assert_eq!(pair_at(0.0), Ok((3, 0)));
    assert_eq!(pair_at(0.3), Ok((3, 0)));
    assert_eq!(pair_at(1.0), Ok((1, 3)));
    assert_eq!(pair_at(1.2), Ok((0, 3)));
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
            vec![scored(1.0, "a"), scored(2.0, " a ")],
            "best and worst are the same response",
        ),
    ] {
        assert_eq!(
            pair_at(Rho::ZERO, &group("a", candidates)),
            Err(reason.into())
        );
    }
}

#[test]
fn an_unscored_candidate_is_on_neither_side() {
    let candidates = vec![unscored(), scored(1.0, "a"), unscored(), scored(2.0, "b")];
    assert_eq!(pair_at(Rho::ZERO, &group("a", candidates)), Ok((3, 1)));
}

#[test]
fn wrong_settings_are_refused_by_key() {
    refused_by_key::<BestWorst>(&[
        (r#"{"rho": -0.1}"#, "`rho`"),
        (r#"{"rho": 2.1}"#, "`rho`"),
        (r#"{"rho": null}"#, "`rho`"),
        (r#"{"malformed_fraction": -0.1}"#, "`malformed_fraction`"),
        (r#"{"malformed_fraction": 1.1}"#, "`malformed_fraction`"),
    ]);
}

#[test]
fn every_selection_reports_the_rho_of_the_call() {
    let groups = [paper_group(), group("a", vec![])];
    // The first value of the grid at which the paper's longest response is no longer the best.
    for (rho, wanted) in [(Rho::Fixed(0.3), "0.3"), (Rho::ZERO, "0"), (Rho::Auto, "1")] {
        for selection in select(&selector(rho, 0.1), &groups) {
            assert_eq!(selection.extra, [("rho".to_owned(), wanted.to_owned())]);
        }
    }
    assert_eq!(pair_at(Rho::Auto, &paper_group()), Ok((1, 3)));
}

#[test]
fn auto_balances_all_groups_together() {
    let rho_of = |selector: &BestWorst, groups: &[CandidateGroup]| {
        select(selector, groups)[0]
            .extra
            .iter()
            .map(|(_, json)| json.clone())
            .collect::<String>()
    };
    let auto = || selector(Rho::Auto, 0.1);
    let short_is_better = |by: usize| {
        group(
            "short",
            vec![scored(1.0, "x"), scored(0.0, &"x".repeat(1 + by))],
        )
    };
    assert_eq!(rho_of(&auto(), &[paper_group()]), "1");
    // The paper's group gives 2600 against 1000 first, 2000 against 1000 from 0.89 on, and 2000
    // against 2600 from 1.0 on.
    for (by, rho) in [(999, "1"), (1000, "0.89"), (1599, "0.89"), (1600, "0")] {
        assert_eq!(rho_of(&auto(), &[paper_group(), short_is_better(by)]), rho);
    }

    // In tokens the better response is the shorter one.
    let (mut good, bad) = (scored(1.0, "a long word"), scored(0.0, "a word"));
    good.response_tokens = 1;
    let by_tokens = in_unit(LengthUnit::Tokens, Rho::Auto, 0.1);
    assert_eq!(
        rho_of(&by_tokens, &[group("a", vec![good.clone(), bad.clone()])]),
        "0"
    );
    assert_eq!(rho_of(&auto(), &[group("a", vec![good, bad])]), "1.01");
}

#[test]
fn malformed_completions_do_not_count_for_auto() {
    let long = malformed(&"m".repeat(9000));
    let with_malformed = |fraction| {
        let mut groups = vec![paper_group(); 3];
        for group in &mut groups {
            group.candidates.push(long.clone());
        }
        let selections = select(&selector(Rho::Auto, fraction), &groups);
        let rejected = selections
            .iter()
            .filter(|selection| selection.pairs[0].rejected == 4)
            .count();
        (reported(&selections[0], "rho"), rejected)
    };
    assert_eq!(with_malformed(0.0), (1.0, 0));
    assert_eq!(with_malformed(1.0), (1.0, 3));
}

/// `regular` groups with a scored pair, `both` that also have a malformed completion, and `lone`
/// with one scored candidate and a malformed one.
fn mixed(regular: usize, both: usize, lone: usize) -> Vec<CandidateGroup> {
    let of = |kind: &str, count: usize, candidates: Vec<Candidate>| {
        (0..count)
            .map(move |i| group(&format!("{kind}-{i}"), candidates.clone()))
            .collect::<Vec<_>>()
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

/// How many pairs there are, and how many of them reject a malformed completion in groups of either
/// kind.
fn counts(groups: &[CandidateGroup], fraction: f64) -> (usize, usize, usize) {
    let selections = select(&selector(Rho::ZERO, fraction), groups);
    let rejects_malformed = |kind: &str| {
        groups
            .iter()
            .zip(&selections)
            .filter(|(group, _)| group.instruction_id.starts_with(kind))
            .flat_map(|(group, selection)| {
                selection
                    .pairs
                    .iter()
                    .map(|pair| &group.candidates[pair.rejected as usize])
            })
            .filter(|rejected| matches!(rejected.status, CandidateStatus::Malformed(_)))
            .count()
    };
    let pairs = selections
        .iter()
        .map(|selection| selection.pairs.len())
        .sum();
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

proptest! {
    #[test]
    fn the_order_of_candidates_and_groups_does_not_matter(
        (groups, permuted) in any_order(), rho in any_rho(), unit in any_unit(),
        fraction in 0.0..1.0,
    ) {
        order_does_not_matter(&in_unit(unit, rho, fraction), &groups, &permuted)?;
    }

    #[test]
    fn pairs_are_legal_and_few_reject_what_is_malformed(
        groups in any_groups(), rho in any_rho(), unit in any_unit(), fraction in 0.0..1.0,
    ) {
        let selections = select(&in_unit(unit, rho, fraction), &groups);
        pairs_are_legal(&groups, &selections)?;
        chosen_are_worth_more(&groups, &selections, WEIGHTS, unit)?;
        pairs_are_best_against_worst(&groups, &selections, WEIGHTS, unit)?;
        malformed_pairs_are_limited(&groups, &selections, fraction)?;
    }

    #[test]
    fn auto_is_the_smallest_rho_that_balances(groups in any_groups(), unit in any_unit()) {
        let selector = |rho| in_unit(unit, rho, 0.0);
        let length = |candidate: &_| unit.response(candidate);
        auto_is_the_smallest_that_balances(selector, &groups, "rho", length)?;
    }

    #[test]
    fn auto_is_the_same_with_malformed_pairs(
        groups in any_groups(), unit in any_unit(), fraction in 0.0..1.0,
    ) {
        let rho = |fraction| {
            select(&in_unit(unit, Rho::Auto, fraction), &groups)
                .first()
                .map(|selection| reported(selection, "rho"))
        };
        prop_assert_eq!(rho(fraction), rho(0.0));
    }
}
