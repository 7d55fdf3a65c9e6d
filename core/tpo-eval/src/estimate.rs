//! A mean with its error.

mod rows;
mod variance;

use crate::interval::{Interval, interval};
use crate::refusal::Refusal;
use crate::scale::Scale;
use crate::units::{self, Unit, spread};

pub(crate) use rows::group;
pub use rows::{InstructionMean, InstructionMeans, Row, instruction_means};
pub(crate) use variance::sample_variance;
pub use variance::{VarianceParts, variance_parts};

/// A mean over instructions, with its error and an interval that is right for how many there are.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Mean over all values.
    pub mean: f64,
    /// Standard error of the mean over independent units; none for fewer than two units and where
    /// the units do not differ, since 0 would look certain.
    pub standard_error: Option<f64>,
    /// Values.
    pub n: usize,
    /// Independent units: instructions, or clusters of them.
    pub units: usize,
    /// Interval of the mean, or why there is none.
    pub interval: Result<Interval, Refusal>,
}

/// Mean of one value per instruction.
///
/// `SE = sd / sqrt(n)` with the sample standard deviation. Refuses an empty list, values that are
/// not finite and values outside the scale.
pub fn estimate(values: &[f64], scale: Scale) -> Result<Estimate, Refusal> {
    Ok(of_units(&units::singles(values, scale)?, scale))
}

/// Mean of values that come in clusters, such as several samples per instruction or several
/// instructions per document; empty clusters are left out.
///
/// `SE = sqrt(sum_c (sum_j (x_cj - mean))^2) / N * sqrt(C / (C - 1))` (Miller 2024, "Adding error
/// bars to evals", with the small-sample factor that inspect_ai and statsmodels use). The degrees
/// of freedom of its t interval are C - 1 for clusters of equal size and fewer for others.
pub fn clustered_estimate(clusters: &[Vec<f64>], scale: Scale) -> Result<Estimate, Refusal> {
    Ok(of_units(&units::clusters(clusters, scale)?, scale))
}

/// The estimate from units that were checked.
pub(crate) fn of_units(units: &[Unit], scale: Scale) -> Estimate {
    let spread = spread(units);
    Estimate {
        mean: spread.mean,
        standard_error: (spread.standard_error > 0.0).then_some(spread.standard_error),
        n: units.iter().map(|unit| unit.size).sum::<f64>() as usize,
        units: units.len(),
        interval: interval(units, &spread, scale),
    }
}
