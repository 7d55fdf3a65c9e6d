//! Properties of every selector, and of those that take one pair per group.
//!
//! Worth and balance are computed here a second time, in the simplest way, from the input and
//! output of a selector. The only code under test that is used is the counting of lengths, which
//! has tests of its own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tpo_plugin::{Candidate, CandidateGroup, CandidateStatus, Extra, PairSelector, Selection};

use crate::testing::select;
use crate::{LengthUnit, Rho};

/// How far a worth that is computed in another order may be off.
const ROUNDING: f64 = 1e-12;

/// The key that a weight is reported under, and the length that it applies to.
pub type Weight = (&'static str, fn(LengthUnit, &Candidate) -> f64);

/// By the id of the instruction: both sides of every pair, why there is none, and the report.
type PairsById = BTreeMap<String, (Vec<(Candidate, Candidate)>, Option<String>, Extra)>;

fn trained(groups: &[CandidateGroup], selector: &impl PairSelector) -> PairsById {
    let of_group = |(group, selection): (&CandidateGroup, Selection)| {
        let sides = pairs(group, &selection)
            .map(|(chosen, rejected)| (chosen.clone(), rejected.clone()))
            .collect();
        (
            group.instruction_id.clone(),
            (sides, selection.dropped, selection.extra),
        )
    };
    groups
        .iter()
        .zip(select(selector, groups))
        .map(of_group)
        .collect()
}

fn pairs<'a>(
    group: &'a CandidateGroup,
    selection: &'a Selection,
) -> impl Iterator<Item = (&'a Candidate, &'a Candidate)> {
    let side = |index: u32| &group.candidates[index as usize];
    selection
        .pairs
        .iter()
        .map(move |pair| (side(pair.chosen), side(pair.rejected)))
}

fn score(candidate: &Candidate) -> Option<f64> {
    match candidate.status {
        CandidateStatus::Scored(score) => Some(score),
        CandidateStatus::Unscored(_) | CandidateStatus::Malformed(_) => None,
    }
}

/// The pairs and their order do not depend on the order of groups and candidates.
pub fn order_does_not_matter(
    selector: &impl PairSelector,
    groups: &[CandidateGroup],
    permuted: &[CandidateGroup],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(trained(groups, selector), trained(permuted, selector));
    Ok(())
}

/// Every group has pairs or a reason. No pair is taken twice or has the same response on both
/// sides, the chosen side is scored, and the rejected side is scored or malformed.
pub fn pairs_are_legal(
    groups: &[CandidateGroup],
    selections: &[Selection],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(groups.len(), selections.len());
    for (group, selection) in groups.iter().zip(selections) {
        prop_assert_eq!(selection.pairs.is_empty(), selection.dropped.is_some());
        let mut taken = BTreeSet::new();
        for pair in &selection.pairs {
            prop_assert!(pair.chosen.max(pair.rejected) < group.candidates.len() as u32);
            prop_assert!(taken.insert((
                pair.chosen.min(pair.rejected),
                pair.chosen.max(pair.rejected)
            )));
        }
        for (chosen, rejected) in pairs(group, selection) {
            prop_assert!(score(chosen).is_some());
            prop_assert!(!matches!(rejected.status, CandidateStatus::Unscored(_)));
            prop_assert_ne!(chosen.response.trim(), rejected.response.trim());
        }
    }
    Ok(())
}

/// In every pair of scored candidates the chosen one is worth more.
pub fn chosen_are_worth_more(
    groups: &[CandidateGroup],
    selections: &[Selection],
    weights: &[Weight],
    unit: LengthUnit,
) -> Result<(), TestCaseError> {
    for (group, selection) in groups.iter().zip(selections) {
        let worths = worths(group, selection, weights, unit);
        for pair in &selection.pairs {
            let [chosen, rejected] =
                [pair.chosen, pair.rejected].map(|index| worths[index as usize]);
            if let (Some(chosen), Some(rejected)) = (chosen, rejected) {
                prop_assert!(chosen > rejected, "{chosen} is not more than {rejected}");
            }
        }
    }
    Ok(())
}

/// No group has more than one pair, and no scored candidate is worth more than the chosen side, or
/// less than the rejected side if that is scored.
pub fn pairs_are_best_against_worst(
    groups: &[CandidateGroup],
    selections: &[Selection],
    weights: &[Weight],
    unit: LengthUnit,
) -> Result<(), TestCaseError> {
    for (group, selection) in groups.iter().zip(selections) {
        prop_assert!(selection.pairs.len() <= 1);
        let worths = worths(group, selection, weights, unit);
        for pair in &selection.pairs {
            let [best, worst] = [pair.chosen, pair.rejected].map(|index| worths[index as usize]);
            for worth in worths.iter().flatten() {
                prop_assert!(best.is_some_and(|best| *worth <= best + ROUNDING));
                prop_assert!(worst.is_none_or(|worst| *worth >= worst - ROUNDING));
            }
        }
    }
    Ok(())
}

/// At most `fraction` of all pairs reject a malformed completion.
pub fn malformed_pairs_are_limited(
    groups: &[CandidateGroup],
    selections: &[Selection],
    fraction: f64,
) -> Result<(), TestCaseError> {
    let all: Vec<_> = groups
        .iter()
        .zip(selections)
        .flat_map(|(group, selection)| pairs(group, selection))
        .collect();
    let malformed = all
        .iter()
        .filter(|(_, rejected)| matches!(rejected.status, CandidateStatus::Malformed(_)))
        .count();
    prop_assert!(malformed as f64 <= fraction * all.len() as f64);
    Ok(())
}

/// The worth of every scored candidate of a group, by index, with the weights that its selection
/// reports.
pub fn worths(
    group: &CandidateGroup,
    selection: &Selection,
    weights: &[Weight],
    unit: LengthUnit,
) -> Vec<Option<f64>> {
    let scored: Vec<_> = group
        .candidates
        .iter()
        .filter(|candidate| score(candidate).is_some())
        .collect();
    let z = |of: &dyn Fn(&Candidate) -> f64, candidate: &Candidate| {
        let values: Vec<_> = scored.iter().map(|candidate| of(candidate)).collect();
        if values
            .iter()
            .all(|value| value.total_cmp(&values[0]).is_eq())
        {
            return 0.0;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / values.len() as f64;
        (of(candidate) - mean) / variance.sqrt()
    };
    let worth = |candidate: &Candidate| {
        let penalty = weights.iter().map(|(key, length)| {
            reported(selection, key) * z(&|candidate| length(unit, candidate), candidate)
        });
        z(&|candidate| score(candidate).unwrap_or_default(), candidate) - penalty.sum::<f64>()
    };
    group
        .candidates
        .iter()
        .map(|candidate| score(candidate).map(|_| worth(candidate)))
        .collect()
}

/// The number that a selection reports under a key.
pub fn reported(selection: &Selection, key: &str) -> f64 {
    let values: Vec<_> = selection
        .extra
        .iter()
        .filter(|(name, _)| name == key)
        .collect();
    match values[..] {
        [(_, json)] => json.parse().expect("a number"),
        _ => panic!(
            "`{key}` is reported {} times: {:?}",
            values.len(),
            selection.extra
        ),
    }
}

/// `Rho::Auto` finds the smallest value of the grid at which the chosen sides are not longer, or
/// else the one with the smallest excess. Every selection of the call reports it under `key`, and
/// the pairs are those of that value.
///
/// `selector` makes the selector under test with a setting. It must not reject malformed
/// completions.
pub fn auto_is_the_smallest_that_balances<S: PairSelector>(
    selector: impl Fn(Rho) -> S,
    groups: &[CandidateGroup],
    key: &str,
    length: impl Fn(&Candidate) -> f64,
) -> Result<(), TestCaseError> {
    let selections = select(&selector(Rho::Auto), groups);
    let Some(found) = selections.first().map(|selection| reported(selection, key)) else {
        return Ok(());
    };
    prop_assert_eq!(&selections, &select(&selector(Rho::Fixed(found)), groups));

    // The sum of the excesses and the number of pairs: fractions are compared without dividing.
    let excess = |rho: f64| {
        let selections = select(&selector(Rho::Fixed(rho)), groups);
        let sides: Vec<_> = groups
            .iter()
            .zip(&selections)
            .flat_map(|(group, selection)| pairs(group, selection))
            .collect();
        (
            sides
                .iter()
                .map(|(chosen, rejected)| length(chosen) - length(rejected))
                .sum::<f64>(),
            sides.len() as f64,
        )
    };
    let grid = (0..=200).map(|step| f64::from(step) / 100.0);
    let with_pairs: Vec<_> = grid
        .map(|rho| (rho, excess(rho)))
        .filter(|(_, (_, pairs))| *pairs > 0.0)
        .collect();
    let balanced = with_pairs.iter().find(|(_, (sum, _))| *sum <= 0.0);
    let least = with_pairs
        .iter()
        .reduce(|a, b| if b.1.0 * a.1.1 < a.1.0 * b.1.1 { b } else { a });
    let wanted = balanced.or(least).map_or(0.0, |(rho, _)| *rho);
    prop_assert_eq!(Some(found), Some(wanted));
    Ok(())
}
