//! Shares of right answers, of one model and of two.

mod mcnemar;

use crate::distributions::normal_quantile;
use crate::interval::{CONFIDENCE, Interval, IntervalMethod};
use crate::refusal::Refusal;

pub use mcnemar::{Discordant, McNemar, mcnemar};

/// The two-sided normal quantile, 1.96.
pub(crate) fn z() -> f64 {
    normal_quantile(f64::midpoint(1.0, CONFIDENCE))
}

/// Wilson's score interval for `successes` out of `n`: `(p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2))
/// / (1 + z^2/n)` (Wilson 1927).
///
/// Half a success per tie is accepted and conservative; with many ties or soft outcomes
/// [`crate::estimate::estimate`] is better.
pub fn wilson(successes: f64, n: usize) -> Result<Interval, Refusal> {
    if n == 0 {
        return Err(Refusal::Empty);
    }
    let count = n as f64;
    if !successes.is_finite() {
        return Err(Refusal::NotFinite);
    }
    if !(0.0..=count).contains(&successes) {
        return Err(Refusal::OutsideScale { value: successes });
    }
    let (p, z) = (successes / count, z());
    let z2 = z * z;
    let shrink = 1.0 + z2 / count;
    let center = (p + z2 / (2.0 * count)) / shrink;
    let half = z * (p * (1.0 - p) / count + z2 / (4.0 * count * count)).sqrt() / shrink;
    // Rounding must not move the limits that are exactly the ends.
    let low = if successes == 0.0 { 0.0 } else { center - half };
    let high = if successes == count {
        1.0
    } else {
        center + half
    };
    Ok(Interval {
        low,
        high,
        method: IntervalMethod::Wilson,
    })
}

/// Difference of two models' accuracies on the same questions.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuracyDifference {
    /// `(b - c) / n`, where b counts the questions that only the first model solves and c those
    /// that only the second one does.
    pub difference: f64,
    /// `sqrt(b + c - (b - c)^2 / n) / n`; none where it is 0.
    pub standard_error: Option<f64>,
    /// Normal interval, for large n. [`crate::paired::compare`] on
    /// [`crate::Scale::of_differences`] has one for any n.
    pub interval: Result<Interval, Refusal>,
}

/// Difference of accuracies over `n` questions.
///
/// Refuses n = 0 and more discordant questions than questions.
pub fn accuracy_difference(pairs: Discordant, n: usize) -> Result<AccuracyDifference, Refusal> {
    if n == 0 {
        return Err(Refusal::Empty);
    }
    let (b, c, count) = (pairs.first as f64, pairs.second as f64, n as f64);
    if b + c > count {
        return Err(Refusal::Parameter { name: "discordant" });
    }
    let difference = (b - c) / count;
    let variance = b + c - (b - c).powi(2) / count;
    let standard_error = (variance > 0.0).then(|| variance.sqrt() / count);
    let interval = standard_error
        .ok_or(Refusal::NoSpread)
        .map(|error| Interval {
            low: difference - z() * error,
            high: difference + z() * error,
            method: IntervalMethod::Normal,
        });
    Ok(AccuracyDifference {
        difference,
        standard_error,
        interval,
    })
}
