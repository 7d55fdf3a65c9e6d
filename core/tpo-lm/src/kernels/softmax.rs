//! Softmax and its logarithm over one row.
//!
//! Training, scoring and sampling share one definition, so a log-probability that is recorded in
//! sampling and recomputed in training comes from the same formula.

use pulp::{Arch, Simd};

use super::exp::{exp_minus, sum_exp_minus};

/// The largest value of a row; negative infinity for an empty one.
#[pulp::with_simd(max = Arch::new())]
#[inline(always)]
pub(crate) fn max_with<'a, S: Simd>(_: S, row: &'a [f32]) -> f32 {
    const LANES: usize = 16;
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (lanes, rest) = row.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for values in lanes {
        for lane in 0..LANES {
            most[lane] = larger(most[lane], values[lane]);
        }
    }
    most.into_iter()
        .chain(rest.iter().copied())
        .fold(f32::NEG_INFINITY, larger)
}

/// `ln(sum(e^row))`, taken relative to the largest value so that nothing overflows.
pub(crate) fn log_sum_exp(row: &[f32]) -> f32 {
    let most = max(row);
    most + sum_exp_minus(row, most).ln()
}

/// `row = softmax(row)`; returns the row's log-sum-exp.
pub(crate) fn softmax(row: &mut [f32]) -> f32 {
    let most = max(row);
    let sum = exp_minus(row, most);
    scale(row, 1.0 / sum);
    most + sum.ln()
}

/// `row *= factor`.
#[pulp::with_simd(scale = Arch::new())]
#[inline(always)]
pub(crate) fn scale_with<'a, S: Simd>(_: S, row: &'a mut [f32], factor: f32) {
    for value in row {
        *value *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_logits_do_not_overflow() {
        let mut row = [1000.0, 1000.0 + 3.0f32.ln(), -1000.0];
        let log_sum = log_sum_exp(&row);
        assert!((log_sum - (1000.0 + 4.0f32.ln())).abs() < 1e-4);
        assert_eq!(softmax(&mut row).to_bits(), log_sum.to_bits());
        assert!((row[0] - 0.25).abs() < 1e-5 && (row[1] - 0.75).abs() < 1e-5 && row[2] < 1e-30);
    }

    #[test]
    fn the_largest_is_found_anywhere() {
        for at in 0..37 {
            let mut row = [-2.0; 37];
            row[at] = -1.0;
            assert_eq!(max(&row).to_bits(), (-1.0f32).to_bits());
        }
    }
}
