//! Whether one model is better than another: differences instruction by instruction.

mod pairing;

use tpo_types::rounding;

use crate::distributions::t_quantile;
use crate::estimate::{Estimate, of_units};
use crate::refusal::{Refusal, all_finite, same_length};
use crate::scale::Scale;
use crate::sign_flip::{SignFlip, sign_flip};
use crate::units::{self, Unit, spread};

pub use pairing::{Difference, Pairing, pair};

/// Two-sided level of the verdicts.
pub const LEVEL: f64 = 0.05;
/// Probability with which the smallest detectable effect is detected.
pub const POWER: f64 = 0.8;

/// What a comparison says in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Higher than the reference.
    Improved,
    /// Lower than the reference.
    Worse,
    /// Neither; the smallest detectable effect says how much that means.
    NoDifferenceDetected,
}

/// A mean compared with the value that it has if nothing differs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedComparison {
    /// The mean and its interval. Where no signs of these differences could have been significant,
    /// the interval contains the null value.
    pub estimate: Estimate,
    /// The mean if nothing differs: 0 for differences, 0.5 for win rates.
    pub null: f64,
    /// The sign-flip test over units.
    pub sign_flip: SignFlip,
    /// Two-sided p of the t test; none without a spread.
    pub t_p_value: Option<f64>,
    /// The verdict at [`LEVEL`].
    pub verdict: Conclusion,
    /// The distance from null that this design detects with probability [`POWER`]: the longer arm
    /// of the interval, `t(0.975) SE` on a continuous scale, and `t(0.8) SE`. None without a
    /// spread, where no result could be significant, and where it would be off the scale.
    pub smallest_detectable: Option<f64>,
    /// Degrees of freedom of the spread.
    degrees: f64,
    /// How far a mean on the scale can be from null.
    farthest: f64,
}

impl PairedComparison {
    /// The same if this is one of several comparisons, of which the first to be called different
    /// has to pass [`LEVEL`] divided by their number (Holm): its interval is wider by the ratio of
    /// the quantiles. None if no signs of the differences could pass that, either.
    pub fn smallest_detectable_among(&self, comparisons: usize) -> Option<f64> {
        if !self.is_decidable_among(comparisons) {
            return None;
        }
        let alone = self.smallest_detectable?;
        let power = t_quantile(POWER, self.degrees) * self.estimate.standard_error?;
        let quantile = |level: f64| t_quantile(1.0 - level / 2.0, self.degrees);
        let wider = quantile(LEVEL / comparisons.max(1) as f64) / quantile(LEVEL);
        let effect = (alone - power) * wider + power;
        (effect <= self.farthest).then_some(effect)
    }

    /// Whether any signs of these differences could be significant among so many comparisons.
    pub fn is_decidable_among(&self, comparisons: usize) -> bool {
        self.sign_flip.smallest_p * comparisons.max(1) as f64 <= LEVEL
    }
}

/// Differences of two lists that have the same instructions in the same order, `a - b`;
/// 0 where they are equal but for rounding.
pub fn differences(a: &[f64], b: &[f64]) -> Result<Vec<f64>, Refusal> {
    same_length(a.len(), b.len())?;
    all_finite(a)?;
    all_finite(b)?;
    Ok(a.iter()
        .zip(b)
        .map(|(a, b)| rounding::difference(*a, *b))
        .collect())
}

/// Compares the mean of one value per instruction with `null`.
///
/// For paired differences of outcomes on `s`, the scale is `s.of_differences()` and null is 0; for
/// win rates the scale is [`Scale::UNIT`] and null 0.5.
///
/// "Improved" takes both: a sign-flip p of at most 5 %, which holds exactly for equal models
/// whatever the outcomes look like, and an interval above null; where all values are equal there is
/// no interval, and the test alone decides. Of equal models it is said in at most 2.5 % of
/// evaluations.
pub fn compare(values: &[f64], null: f64, scale: Scale) -> Result<PairedComparison, Refusal> {
    of(&units::singles(values, scale)?, null, scale)
}

/// Like [`compare`], for values in clusters; whole clusters change sign together.
pub fn compare_clustered(
    clusters: &[Vec<f64>],
    null: f64,
    scale: Scale,
) -> Result<PairedComparison, Refusal> {
    of(&units::clusters(clusters, scale)?, null, scale)
}

fn of(units: &[Unit], null: f64, scale: Scale) -> Result<PairedComparison, Refusal> {
    all_finite(&[null])?;
    let centered: Vec<f64> = units
        .iter()
        .map(|unit| unit.sum - null * unit.size)
        .collect();
    let sign_flip = sign_flip(&centered)?;
    let decidable = sign_flip.smallest_p <= LEVEL;
    let mut estimate = of_units(units, scale);
    if !decidable {
        estimate.interval = estimate.interval.map(|interval| interval.with(null));
    }
    let spread = spread(units);
    let arm = estimate
        .interval
        .as_ref()
        .map_or(f64::INFINITY, |interval| {
            (estimate.mean - interval.low).max(interval.high - estimate.mean)
        });
    let detectable = |error: f64| arm + t_quantile(POWER, spread.degrees) * error;
    Ok(PairedComparison {
        null,
        t_p_value: spread.t_p_value(null),
        verdict: verdict(&estimate, &sign_flip, null),
        smallest_detectable: estimate
            .standard_error
            .filter(|_| decidable)
            .map(detectable)
            .filter(|effect| *effect <= scale.farthest_from(null)),
        sign_flip,
        estimate,
        degrees: spread.degrees,
        farthest: scale.farthest_from(null),
    })
}

fn verdict(estimate: &Estimate, sign_flip: &SignFlip, null: f64) -> Conclusion {
    let (above, below) = match &estimate.interval {
        Ok(interval) => (interval.low > null, interval.high < null),
        Err(Refusal::NoSpread) => (estimate.mean > null, estimate.mean < null),
        Err(_) => (false, false),
    };
    match sign_flip.p_value <= LEVEL {
        true if above => Conclusion::Improved,
        true if below => Conclusion::Worse,
        _ => Conclusion::NoDifferenceDetected,
    }
}
