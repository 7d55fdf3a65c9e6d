//! Independent units: what may be resampled, flipped or counted.
//!
//! A unit is one instruction, or one cluster of instructions that belong together. Every statistic
//! of a mean needs only its sum and its size.

use crate::distributions::t_two_sided;
use crate::refusal::Refusal;
use crate::scale::Scale;

/// The values of one independent unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    /// Sum of its values.
    pub(crate) sum: f64,
    /// How many values it has, as a weight.
    pub(crate) size: f64,
}

/// One unit per value.
pub(crate) fn singles(values: &[f64], scale: Scale) -> Result<Vec<Unit>, Refusal> {
    scale.check(values)?;
    if values.is_empty() {
        return Err(Refusal::Empty);
    }
    let unit = |&sum: &f64| Unit { sum, size: 1.0 };
    Ok(values.iter().map(unit).collect())
}

/// One unit per cluster; clusters without values are left out.
pub(crate) fn clusters(clusters: &[Vec<f64>], scale: Scale) -> Result<Vec<Unit>, Refusal> {
    for values in clusters {
        scale.check(values)?;
    }
    let unit = |values: &Vec<f64>| Unit {
        sum: values.iter().sum(),
        size: values.len() as f64,
    };
    let filled = clusters.iter().filter(|values| !values.is_empty());
    let units: Vec<Unit> = filled.map(unit).collect();
    if units.is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(units)
}

/// Mean over all values and how it spreads over units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    /// `sqrt(sum_c (s_c - m_c mean)^2) / N * sqrt(C / (C - 1))`, 0 for fewer than two units.
    pub(crate) standard_error: f64,
    /// Degrees of freedom, at most C - 1.
    pub(crate) degrees: f64,
}

impl Spread {
    /// Two-sided p of the t test of `mean = null`.
    pub(crate) fn t_p_value(&self, null: f64) -> Option<f64> {
        (self.standard_error > 0.0)
            .then(|| t_two_sided((self.mean - null) / self.standard_error, self.degrees))
    }
}

/// Mean and cluster-robust standard error of units.
pub(crate) fn spread(units: &[Unit]) -> Spread {
    let total: f64 = units.iter().map(|unit| unit.size).sum();
    let mean = units.iter().map(|unit| unit.sum).sum::<f64>() / total;
    let count = units.len() as f64;
    let squares: f64 = units
        .iter()
        .map(|unit| (unit.sum - unit.size * mean).powi(2))
        .sum();
    let largest = units
        .iter()
        .fold(0.0_f64, |largest, unit| largest.max(unit.sum.abs()));
    // Rounding leaves a residual of 1e-17 where all values are equal.
    let rounding = (1e-14 * largest).powi(2) * count;
    let standard_error = if units.len() < 2 || squares <= rounding {
        0.0
    } else {
        squares.sqrt() / total * (count / (count - 1.0)).sqrt()
    };
    Spread {
        mean,
        standard_error,
        degrees: degrees(units, total),
    }
}

/// Degrees of freedom of the variance over units: C - 1 for units of equal size, fewer for others.
///
/// Satterthwaite's `tr(G)^2 / tr(G^2)` with the bias-reduced residuals of Bell and McCaffrey (2002,
/// "Bias reduction in standard errors for linear regression with multi-stage samples"): with the
/// shares `h_c = m_c / N`, the covariance of the scaled residual sums is `G = D (diag(W) - h W' - W
/// h' + h h' sum(W)) D`, `D = (1 - h)^-1/2`. `W_c` is the variance of a unit's sum: `m_c` if its
/// values are independent, `m_c^2` if they are one value repeated. The smaller result counts.
fn degrees(units: &[Unit], total: f64) -> f64 {
    let most = units.len() as f64 - 1.0;
    let equal = units.iter().all(|unit| unit.size == units[0].size);
    if equal || units.len() < 2 {
        return most;
    }
    let independent = satterthwaite(units, total, |size| size);
    let repeated = satterthwaite(units, total, |size| size * size);
    independent.min(repeated).clamp(1.0, most)
}

fn satterthwaite(units: &[Unit], total: f64, variance: impl Fn(f64) -> f64) -> f64 {
    let all: f64 = units.iter().map(|unit| variance(unit.size)).sum();
    let (mut trace, mut diagonal) = (0.0, 0.0);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for unit in units {
        let share = unit.size / total;
        let scale = 1.0 / (1.0 - share);
        let (a, b) = (share * scale.sqrt(), variance(unit.size) * scale.sqrt());
        let own = variance(unit.size) * scale;
        let rest = all * a * a - 2.0 * a * b;
        trace += own + rest;
        diagonal += (own + rest).powi(2) - rest * rest;
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    let square = all * all * aa * aa + 2.0 * aa * bb - 4.0 * all * aa * ab + 2.0 * ab * ab;
    trace * trace / (square + diagonal)
}
