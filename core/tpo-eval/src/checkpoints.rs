//! Several checkpoints on the same instructions: which to keep, and what may be claimed of it.
//!
//! The winner of a comparison looks better than it is, by [`expected_maximum`] standard errors if
//! all are equal. The honest figure comes from instructions that did not choose: another set, or
//! [`cross_fit`] halves.

mod max_t;

use crate::distributions::{normal_cdf, normal_density};
use crate::refusal::{Refusal, all_finite, same_length};
use crate::units::{self, spread};

pub use max_t::{MaxT, max_t};

/// Step of the integral in [`expected_maximum`].
const STEP: f64 = 1.0 / 32.0;

/// Expected maximum of `k` independent standard normal variables, `int x k phi(x) Phi(x)^(k-1) dx`.
pub fn expected_maximum(k: usize) -> Result<f64, Refusal> {
    if k == 0 {
        return Err(Refusal::Empty);
    }
    let count = k as f64;
    // The density falls below 1e-300 outside; the trapezoidal rule is exact to rounding inside.
    let terms = (-37 * 32..=37 * 32).map(|step| {
        let x = f64::from(step) * STEP;
        x * count * normal_density(x) * normal_cdf(x).powf(count - 1.0)
    });
    Ok(terms.sum::<f64>() * STEP)
}

/// A checkpoint chosen by the one-standard-error rule.
#[derive(Debug, Clone, PartialEq)]
pub struct OneErrorChoice {
    /// The checkpoint with the highest mean, the earliest of equal ones.
    pub best: usize,
    /// The earliest checkpoint that is within one paired standard error of the best.
    pub kept: usize,
    /// Per checkpoint, how far it is below the best one.
    pub gaps: Vec<Gap>,
}

/// How far a checkpoint is below the best one, on the same instructions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Mean paired difference, at least 0.
    pub gap: f64,
    /// Its paired standard error.
    pub standard_error: f64,
}

/// Keeps the earliest checkpoint whose paired gap to the best is at most one paired standard error
/// (after Breiman et al. 1984, who used unpaired ones).
///
/// `scores` has a list per checkpoint, from the earliest, with one score per instruction in the
/// same order. Refuses an empty list, fewer than two instructions, different lengths and values
/// that are not finite.
pub fn one_standard_error(scores: &[Vec<f64>]) -> Result<OneErrorChoice, Refusal> {
    let n = check(scores)?;
    if n < 2 {
        return Err(Refusal::TooFew { n, needed: 2 });
    }
    let best = highest(scores, |_| true);
    let mut gaps = Vec::new();
    for checkpoint in scores {
        let below = crate::paired::differences(&scores[best], checkpoint)?;
        let spread = spread(&units::singles(&below, crate::Scale::Continuous)?);
        gaps.push(Gap {
            gap: spread.mean,
            standard_error: spread.standard_error,
        });
    }
    let near = |gap: &Gap| gap.gap <= gap.standard_error;
    let kept = gaps.iter().position(near).unwrap_or(best).min(best);
    Ok(OneErrorChoice { best, kept, gaps })
}

/// What one half of the instructions chose and the other half says about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfReport {
    /// The checkpoint with the highest mean on the choosing half.
    pub chosen: usize,
    /// Its mean on the other half.
    pub report: f64,
}

/// Choosing and reporting on halves of one set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossFit {
    /// Chosen on instructions 0, 2, 4, ..., reported on the others.
    pub even: HalfReport,
    /// Chosen on instructions 1, 3, 5, ..., reported on the others.
    pub odd: HalfReport,
    /// Mean of both reports.
    pub mean: f64,
}

/// The score of "the best checkpoint" without the optimism of choosing, for when there is only one
/// set: each half reports on what the other half chose.
///
/// `scores` is as in [`one_standard_error`]; refuses the same.
pub fn cross_fit(scores: &[Vec<f64>]) -> Result<CrossFit, Refusal> {
    let n = check(scores)?;
    if n < 2 {
        return Err(Refusal::TooFew { n, needed: 2 });
    }
    let half = |parity: usize| {
        let chosen = highest(scores, |place| place % 2 == parity);
        let report = mean_where(&scores[chosen], |place| place % 2 != parity);
        HalfReport { chosen, report }
    };
    let (even, odd) = (half(0), half(1));
    Ok(CrossFit {
        even,
        odd,
        mean: f64::midpoint(even.report, odd.report),
    })
}

/// Refuses ragged or empty tables and returns the number of instructions.
fn check(scores: &[Vec<f64>]) -> Result<usize, Refusal> {
    let n = scores.first().ok_or(Refusal::Empty)?.len();
    for checkpoint in scores {
        same_length(n, checkpoint.len())?;
        all_finite(checkpoint)?;
    }
    if n == 0 { Err(Refusal::Empty) } else { Ok(n) }
}

/// The earliest checkpoint with the highest mean over some instructions.
fn highest(scores: &[Vec<f64>], chosen: impl Fn(usize) -> bool) -> usize {
    let means = scores.iter().map(|scores| mean_where(scores, &chosen));
    let best = means
        .enumerate()
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(0, |(place, _)| place)
}

fn mean_where(scores: &[f64], chosen: impl Fn(usize) -> bool) -> f64 {
    let places = scores.iter().enumerate();
    let values: Vec<f64> = places
        .filter(|(place, _)| chosen(*place))
        .map(|(_, score)| *score)
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}
