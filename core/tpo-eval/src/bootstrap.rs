//! Resampling of independent units.

use crate::random::Stream;
use crate::refusal::Refusal;

/// A statistic over `rounds` resamples of n > 0 indices, from the smallest value up.
pub(crate) fn replicates(
    n: usize,
    rounds: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> Result<f64, Refusal>,
) -> Result<Vec<f64>, Refusal> {
    let mut stream = Stream::new(seed);
    let mut values = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let picked: Vec<usize> = (0..n).map(|_| stream.below(n)).collect();
        values.push(statistic(&picked)?);
    }
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// A percentile of ascending values by linear interpolation; NaN of none.
pub(crate) fn percentile(ascending: &[f64], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    ascending[below] + (place - below as f64) * (ascending[above] - ascending[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// evaluation.md 5.2, computed with numpy from the same generator.
    #[test]
    fn resamples_are_those_of_the_reference() {
        let a = [0.62, 0.55, 0.71, 0.48, 0.80, 0.66, 0.59, 0.73, 0.50, 0.68];
        let b = [0.58, 0.57, 0.63, 0.45, 0.71, 0.60, 0.61, 0.69, 0.44, 0.66];
        let mean = |picked: &[usize]| Ok(picked.iter().map(|&i| a[i] - b[i]).sum::<f64>() / 10.0);
        let values = replicates(10, 2000, 42, mean).expect("finite");
        let center = values.iter().sum::<f64>() / 2000.0;
        let square = values.iter().map(|v| (v - center).powi(2)).sum::<f64>();
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6, "{got} is not {want}");
        near(center, 0.037_617);
        near((square / 1999.0).sqrt(), 0.011_162);
        near(percentile(&values, 0.025), 0.015);
        near(percentile(&values, 0.975), 0.058);
    }
}
