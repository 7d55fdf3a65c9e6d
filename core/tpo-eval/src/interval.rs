//! Confidence intervals for the mean over independent units.
//!
//! On a continuous scale this is Student's t. On a bounded one a t interval is wrong where it
//! matters: five wins out of five have no spread, and the interval has no width. There the interval
//! is made of quantiles of the mean under random weights, with a pseudo-unit at the ends of the
//! scale that stands for what was not seen:
//!
//! - below [`MANY`] units, the lower limit is the 2.5 % quantile with a whole pseudo-unit at the
//!   lowest value, the upper one the 97.5 % quantile with one at the highest (Gaffke 2005;
//!   Learned-Miller and Thomas 2019, "A new confidence interval for the mean of a bounded random
//!   variable"). For right and wrong this is the interval of Clopper and Pearson, whose coverage
//!   is at least 95 % for certain. For more values that is a conjecture without a known
//!   counterexample.
//! - from [`MANY`] units, [`PSEUDO`] of a pseudo-unit at either end. With one half this would be
//!   the interval of Jeffreys for right and wrong, whose coverage is 95 % on average and neither
//!   above nor below by much (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial
//!   proportion"). With 0.6, enumerating all outcomes of 30 comparisons with win, tie and loss
//!   gives 94 to 96 % in 98 % of the worlds with at least ten expected wins and losses and never
//!   less than 94.0 %, against 93.8 % with one half.
//!
//! A judge that says its range ([`Scale::Graded`]) gets the first of these by its range, and the
//! second by the scores that were seen, if one of them is an end of the range. Pseudo-units at the
//! ends of a wide range would make an interval of finely varying scores several times too wide.
//!
//! Scores of a judge whose scale is not known ([`Scale::Seen`]) are lumpy where two models mostly
//! answer alike or a rubric has a few grades, and there a t interval covers as little as 85 % at 30
//! units (simulated; few values decide, and rare large ones are often not seen). If half of the
//! units has one value (a third below [`MANY`]), the interval is the bounded one between the lowest
//! and the highest score that were seen. It is never much too narrow; it is too wide where the
//! differences stay far away from the ends.

use crate::dirichlet::{Atom, quantile};
use crate::distributions::t_quantile;
use crate::refusal::Refusal;
use crate::scale::{Ends, Scale};
use crate::units::{Spread, Unit};

/// How sure an interval is: 95 % of such intervals contain the truth.
pub const CONFIDENCE: f64 = 0.95;

/// Units from which the interval of a bounded outcome aims at 95 % instead of at least 95 %.
pub const MANY: usize = 30;

/// Size of the pseudo-unit at either end of the scale for many units.
const PSEUDO: f64 = 0.6;
/// Probability on either side of an interval.
const TAIL: f64 = (1.0 - CONFIDENCE) / 2.0;

/// A range of means that the data do not contradict, at [`CONFIDENCE`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// What it was computed by.
    pub method: IntervalMethod,
}

/// What an interval was computed by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IntervalMethod {
    /// `mean ± t(0.975, degrees) standard_error`.
    StudentT {
        /// Degrees of freedom.
        degrees: f64,
    },
    /// The bounded interval with at least 95 %, for few units.
    Guaranteed,
    /// The bounded interval with about 95 %, for many units.
    Balanced,
    /// The score interval of Wilson.
    Wilson,
    /// The normal interval, `mean ± 1.96 standard_error`.
    Normal,
    /// Percentiles of resampled units.
    Percentiles,
}

impl Interval {
    /// Whether the value lies in the interval.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The smallest interval that holds this one and the value.
    #[must_use]
    pub fn with(self, value: f64) -> Self {
        Self {
            low: self.low.min(value),
            high: self.high.max(value),
            method: self.method,
        }
    }
}

/// The interval of a mean that is right for the scale and the number of units.
pub(crate) fn interval(units: &[Unit], spread: &Spread, scale: Scale) -> Result<Interval, Refusal> {
    match scale {
        Scale::Continuous => student(units.len(), spread),
        Scale::Seen { lowest, highest } => seen(units, spread, Ends { lowest, highest }),
        Scale::Graded { possible, .. } if units.len() < MANY => {
            Ok(bounded(units, spread, possible))
        }
        Scale::Graded {
            seen: ends,
            is_end_seen: true,
            ..
        } if ends.lowest < ends.highest => Ok(bounded(units, spread, ends)),
        Scale::Graded { seen: ends, .. } => seen(units, spread, ends),
        Scale::Bounded { lowest, highest } => Ok(bounded(units, spread, Ends { lowest, highest })),
    }
}

/// By what was seen: bounded by it where many units have the same value.
fn seen(units: &[Unit], spread: &Spread, ends: Ends) -> Result<Interval, Refusal> {
    if ends.lowest < ends.highest && is_lumpy(units) {
        Ok(bounded(units, spread, ends))
    } else {
        student(units.len(), spread)
    }
}

/// Share of units with one value from which few units are lumpy: too wide is better than too
/// narrow.
const LUMP_OF_FEW: f64 = 1.0 / 3.0;
/// The same for [`MANY`] units and more, of which a third says enough.
const LUMP_OF_MANY: f64 = 1.0 / 2.0;

/// Whether many units have the same value, so that the spread of the few others says little.
fn is_lumpy(units: &[Unit]) -> bool {
    let mut values: Vec<f64> = units.iter().map(|unit| unit.sum / unit.size).collect();
    values.sort_by(f64::total_cmp);
    let span = values[values.len() - 1] - values[0];
    // Equal differences of decimal scores differ by rounding.
    let is_equal = |a: &f64, b: &f64| b - a <= 1e-9 * span;
    let largest = values.chunk_by(is_equal).map(<[f64]>::len).max();
    let share = if units.len() < MANY {
        LUMP_OF_FEW
    } else {
        LUMP_OF_MANY
    };
    largest.is_some_and(|count| count >= 2 && count as f64 >= share * units.len() as f64)
}

/// Between two ends. It contains the mean, which pseudo-units at an end far away would exclude.
fn bounded(units: &[Unit], spread: &Spread, ends: Ends) -> Interval {
    let Ends { lowest, highest } = ends;
    let interval = if units.len() < MANY {
        Interval {
            low: limit(units, &[(lowest, 1.0)], TAIL),
            high: limit(units, &[(highest, 1.0)], 1.0 - TAIL),
            method: IntervalMethod::Guaranteed,
        }
    } else {
        balanced(units, lowest, highest)
    };
    interval.with(spread.mean)
}

fn student(count: usize, spread: &Spread) -> Result<Interval, Refusal> {
    if count < 2 {
        return Err(Refusal::TooFew {
            n: count,
            needed: 2,
        });
    }
    if spread.standard_error <= 0.0 {
        return Err(Refusal::NoSpread);
    }
    let half = t_quantile(1.0 - TAIL, spread.degrees) * spread.standard_error;
    let degrees = spread.degrees;
    Ok(Interval {
        low: spread.mean - half,
        high: spread.mean + half,
        method: IntervalMethod::StudentT { degrees },
    })
}

fn balanced(units: &[Unit], lowest: f64, highest: f64) -> Interval {
    let ends = [(lowest, PSEUDO), (highest, PSEUDO)];
    let all_at = |end: f64| units.iter().all(|unit| unit.sum == end * unit.size);
    // Nothing else was seen, so the end itself cannot be excluded (Brown, Cai and DasGupta, 4.1.2).
    let low = if all_at(lowest) {
        lowest
    } else {
        limit(units, &ends, TAIL)
    };
    let high = if all_at(highest) {
        highest
    } else {
        limit(units, &ends, 1.0 - TAIL)
    };
    Interval {
        low,
        high,
        method: IntervalMethod::Balanced,
    }
}

/// A quantile of the mean with pseudo-units of average size, given as values and shapes.
fn limit(units: &[Unit], pseudo: &[(f64, f64)], probability: f64) -> f64 {
    let size = units.iter().map(|unit| unit.size).sum::<f64>() / units.len() as f64;
    let seen = units.iter().map(|unit| Atom {
        sum: unit.sum,
        size: unit.size,
        shape: 1.0,
    });
    let unseen = pseudo.iter().map(|&(value, shape)| Atom {
        sum: value * size,
        size,
        shape,
    });
    quantile(seen.chain(unseen).collect(), probability)
}
