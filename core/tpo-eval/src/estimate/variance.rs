//! Where the variance of an outcome comes from.

use crate::refusal::{Refusal, all_finite};

/// Variance within and between instructions, for deciding whether more samples or more instructions
/// help.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceParts {
    /// Mean variance of the samples of one instruction.
    pub within: f64,
    /// Variance of the instructions' means, which contains `within / samples`.
    pub between_means: f64,
    /// Variance between instructions with infinitely many samples each: `between_means - within /
    /// samples`, at least 0.
    pub between: f64,
}

/// Parts of the variance of samples by instruction.
///
/// Refuses fewer than two instructions, instructions with different numbers of samples or fewer
/// than two, and values that are not finite.
pub fn variance_parts(samples: &[Vec<f64>]) -> Result<VarianceParts, Refusal> {
    let k = samples.first().map_or(0, Vec::len);
    for values in samples {
        all_finite(values)?;
        crate::refusal::same_length(k, values.len())?;
    }
    for n in [samples.len(), k] {
        if n < 2 {
            return Err(Refusal::TooFew { n, needed: 2 });
        }
    }
    let means: Vec<f64> = samples.iter().map(|values| mean(values)).collect();
    let within = samples
        .iter()
        .map(|values| sample_variance(values))
        .sum::<f64>()
        / samples.len() as f64;
    let between_means = sample_variance(&means);
    Ok(VarianceParts {
        within,
        between_means,
        between: (between_means - within / k as f64).max(0.0),
    })
}

/// Mean of a list that is not empty.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sample variance of at least two values.
pub(crate) fn sample_variance(values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    squares / (values.len() as f64 - 1.0)
}
