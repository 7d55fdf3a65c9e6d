//! The selector through its trait.

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
use tpo_plugin::{Candidate, CandidateGroup, CandidateStatus, Plugin};

use crate::{Config, Margin};

const WEIGHTS: &[Weight] = &[("rho", LengthUnit::response)];

fn selector(config: Config) -> Margin {
    Margin::new(config).expect("valid configuration")
}

/// The pairs of a single group, or why there are none.
fn pairs_at(
    rho: f64,
    min_gap: f64,
    pairs_per_group: u32,
    group: &CandidateGroup,
) -> Result<Vec<(u32, u32)>, String> {
    let config = Config {
        rho: Rho::Fixed(rho),
        min_gap,
        pairs_per_group,
        ..Config::default()
    };
    select_one(&selector(config), group)
}

#[test]
fn the_paper_s_length_control() {
    // Computed in Python: z = lambda v: [(x - mean(v)) / pstdev(v) for x in v] with `statistics`,
    // then the pairs with the largest differences of z(scores)[i] - rho * z(lengths)[i]. At 1.0 and
    // 1.2 the paper would choose a response with a lower score; this selector takes the next pair
    // or none.
    for (rho, widest) in [(0.0, (3, 0)), (0.3, (3, 0)), (1.0, (1, 0))] {
        assert_eq!(
            pairs_at(rho, 0.0, 1, &paper_group()),
            Ok(vec![widest]),
            "{rho}"
        );
    }
    assert_eq!(
        pairs_at(0.3, 0.03, 9, &paper_group()),
        Ok(vec![(3, 0), (1, 0), (3, 2)])
    );
    assert_eq!(
        pairs_at(0.3, 0.03, 2, &paper_group()),
        Ok(vec![(3, 0), (1, 0)])
    );
    assert_eq!(pairs_at(1.0, 0.03, 9, &paper_group()), Ok(vec![(1, 0)]));
    assert_eq!(
        pairs_at(1.2, 0.0, 9, &paper_group()),
        Err("length outweighs every gap".into())
    );
}

#[test]
fn groups_without_a_pair_say_why() {
    for (rho, min_gap, candidates, reason) in [
        (0.0, 0.0, vec![], "no scored candidate"),
        (
            0.0,
            0.0,
            vec![unscored(), malformed("m")],
            "no scored candidate",
        ),
        (
            0.0,
            0.0,
            vec![scored(1.0, "a"), malformed("m")],
            "only one scored candidate",
        ),
        (
            0.0,
            0.0,
            vec![scored(1.0, "a"), scored(2.0, " a ")],
            "all scored candidates are the same response",
        ),
        (
            0.0,
            0.0,
            vec![scored(1.0, "a"), scored(1.0, "b")],
            "scores are too close",
        ),
        (
            0.0,
            1.1,
            vec![scored(1.0, "a"), scored(2.0, "b")],
            "scores are too close",
        ),
        (
            1.0,
            0.0,
            vec![scored(1.0, "a"), scored(2.0, "bb")],
            "length outweighs every gap",
        ),
    ] {
        assert_eq!(
            pairs_at(rho, min_gap, 1, &group("a", candidates)),
            Err(reason.into())
        );
    }
}

#[test]
fn a_gap_is_not_missed_by_rounding() {
    // 0.3 - 0.2 is 0.09999999999999998.
    let group = group("a", vec![scored(0.2, "a"), scored(0.3, "b")]);
    assert_eq!(pairs_at(0.0, 0.1, 1, &group), Ok(vec![(1, 0)]));
    assert_eq!(
        pairs_at(0.0, 0.100_001, 1, &group),
        Err("scores are too close".into())
    );
}

#[test]
fn where_scores_are_equal_length_decides() {
    let group = group("a", vec![scored(0.5, "aaa"), scored(0.5, "b")]);
    assert_eq!(pairs_at(0.1, 0.0, 1, &group), Ok(vec![(1, 0)]));
    assert_eq!(
        pairs_at(0.1, 0.01, 1, &group),
        Err("scores are too close".into())
    );
}

#[test]
fn pairs_of_equal_gap_are_taken_by_text() {
    for candidates in [
        vec![
            scored(1.0, "b"),
            scored(0.0, "d"),
            scored(1.0, "a"),
            scored(0.0, "c"),
        ],
        vec![
            scored(0.0, "c"),
            scored(1.0, "a"),
            scored(0.0, "d"),
            scored(1.0, "b"),
        ],
    ] {
        let group = group("a", candidates);
        let pairs = pairs_at(0.0, 0.5, 3, &group).expect("pairs");
        let text = |index: u32| group.candidates[index as usize].response.as_str();
        let texts: Vec<_> = pairs
            .into_iter()
            .map(|(chosen, rejected)| (text(chosen), text(rejected)))
            .collect();
        assert_eq!(texts, [("a", "c"), ("a", "d"), ("b", "c")]);
    }
}

#[test]
fn wrong_settings_are_refused_by_key() {
    refused_by_key::<Margin>(&[
        (r#"{"min_gap": -0.1}"#, "`min_gap`"),
        (r#"{"min_gap": null}"#, "`min_gap`"),
        (r#"{"pairs_per_group": 0}"#, "`pairs_per_group`"),
        (r#"{"rho": 2.1}"#, "`rho`"),
    ]);
}

#[test]
fn every_selection_reports_the_rho_of_the_call() {
    let groups = [paper_group(), group("a", vec![])];
    // No value of the grid reverses the paper's example; from 0.89 on, only 2000 against 1000 is
    // left.
    for (rho, wanted) in [
        (Rho::Fixed(0.3), "0.3"),
        (Rho::ZERO, "0"),
        (Rho::Auto, "0.89"),
    ] {
        for selection in select(
            &selector(Config {
                rho,
                ..Config::default()
            }),
            &groups,
        ) {
            assert_eq!(selection.extra, [("rho".to_owned(), wanted.to_owned())]);
        }
    }
}

fn any_config() -> impl Strategy<Value = (f64, u32, LengthUnit)> {
    (
        prop::sample::select(vec![0.0, 0.1, 0.3, 0.75]),
        1..5_u32,
        any_unit(),
    )
}

fn score(candidate: &Candidate) -> f64 {
    match candidate.status {
        CandidateStatus::Scored(score) => score,
        CandidateStatus::Unscored(_) | CandidateStatus::Malformed(_) => f64::NAN,
    }
}

proptest! {
    #[test]
    fn the_order_of_candidates_and_groups_does_not_matter(
        (groups, permuted) in any_order(), rho in any_rho(),
        (min_gap, pairs_per_group, length_unit) in any_config(),
    ) {
        let selector = selector(Config { min_gap, pairs_per_group, rho, length_unit });
        order_does_not_matter(&selector, &groups, &permuted)?;
    }

    #[test]
    fn the_widest_of_the_clear_pairs_are_taken(
        groups in any_groups(), rho in any_rho(), (min_gap, pairs_per_group, unit) in any_config(),
    ) {
        let config = Config { min_gap, pairs_per_group, rho, length_unit: unit };
        let selections = select(&selector(config), &groups);
        pairs_are_legal(&groups, &selections)?;
        chosen_are_worth_more(&groups, &selections, WEIGHTS, unit)?;
        for (group, selection) in groups.iter().zip(&selections) {
            let worths = worths(group, selection, WEIGHTS, unit);
            let gap = |better: usize, worse: usize| {
                let (a, b) = (&group.candidates[better], &group.candidates[worse]);
                let gap = worths[better].zip(worths[worse]).map(|(better, worse)| better - worse);
                let is_clear = score(a) - score(b) >= min_gap - 1e-9
                    && a.response.trim() != b.response.trim();
                gap.filter(|gap| is_clear && *gap > 1e-12)
            };
            let all = 0..group.candidates.len();
            let gaps_of = |a| all.clone().filter_map(move |b| gap(a, b));
            let mut gaps: Vec<_> = all.clone().flat_map(gaps_of).collect();
            gaps.sort_by(|a, b| b.total_cmp(a));
            gaps.truncate(pairs_per_group as usize);
            let found: Vec<_> = selection
                .pairs
                .iter()
                .map(|pair| gap(pair.chosen as usize, pair.rejected as usize))
                .map(|gap| gap.expect("a clear pair"))
                .collect();
            prop_assert_eq!(found.len(), gaps.len());
            prop_assert!(found.iter().zip(&gaps).all(|(a, b)| (a - b).abs() < 1e-9), "{:?} \
                {:?}", found, gaps);
        }
    }

    #[test]
    fn auto_is_the_smallest_rho_that_balances(
        groups in any_groups(), (min_gap, pairs_per_group, length_unit) in any_config(),
    ) {
        let selector = |rho| selector(Config { min_gap, pairs_per_group, rho, length_unit });
        let length = |candidate: &_| length_unit.response(candidate);
        auto_is_the_smallest_that_balances(selector, &groups, "rho", length)?;
    }
}
