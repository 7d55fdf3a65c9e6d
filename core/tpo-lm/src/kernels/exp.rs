//! The exponential over slices, vectorized.
//!
//! The standard library's `exp` is a call per element, which would take a tenth of a training step.
//! This one has no branch, so the compiler vectorizes it; `pulp` selects the instruction set at run
//! time.

use pulp::{Arch, Simd, WithSimd};

/// Elements summed in `f32` before their sum is added in `f64`: keeps long sums exact enough.
const SUM_BLOCK: usize = 4096;
const LANES: usize = 16;

/// `e^x` to two units in the last place, for every finite `x`; results below the smallest normal
/// number become that.
///
/// Range reduction and polynomial of `expf` in the Cephes library (S. Moshier, 1992): `e^x = 2^n
/// e^r`, `|r| <= ln2 / 2`.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding this puts the nearest integer into the lowest bits of the mantissa.
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.33, 88.37);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = p * r + coefficient;
    }
    let exponent = rounded
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    (p * r * r + r + 1.0) * f32::from_bits(exponent << 23)
}

/// `row = e^(row - shift)`; returns the sum.
pub(crate) fn exp_minus(row: &mut [f32], shift: f32) -> f32 {
    Arch::new().dispatch(ExpMinus { row, shift })
}

/// The sum of `e^(row - shift)`.
pub(crate) fn sum_exp_minus(row: &[f32], shift: f32) -> f32 {
    Arch::new().dispatch(SumExpMinus { row, shift })
}

/// `y = 1 / (1 + e^-x)`.
pub(crate) fn sigmoid(x: &[f32], y: &mut [f32]) {
    Arch::new().dispatch(Sigmoid { x, y });
}

struct ExpMinus<'a> {
    row: &'a mut [f32],
    shift: f32,
}

impl WithSimd for ExpMinus<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        let mut total = 0.0f64;
        for block in self.row.chunks_mut(SUM_BLOCK) {
            let (lanes, rest) = block.as_chunks_mut::<LANES>();
            let mut sums = [0.0f32; LANES];
            for values in lanes {
                for (value, sum) in values.iter_mut().zip(&mut sums) {
                    *value = exp(*value - self.shift);
                    *sum += *value;
                }
            }
            for value in &mut *rest {
                *value = exp(*value - self.shift);
            }
            total += f64::from(sums.iter().sum::<f32>() + rest.iter().sum::<f32>());
        }
        total as f32
    }
}

struct SumExpMinus<'a> {
    row: &'a [f32],
    shift: f32,
}

impl WithSimd for SumExpMinus<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        let mut total = 0.0f64;
        for block in self.row.chunks(SUM_BLOCK) {
            let (lanes, rest) = block.as_chunks::<LANES>();
            let mut sums = [0.0f32; LANES];
            for values in lanes {
                for (value, sum) in values.iter().zip(&mut sums) {
                    *sum += exp(*value - self.shift);
                }
            }
            let rest: f32 = rest.iter().map(|value| exp(*value - self.shift)).sum();
            total += f64::from(sums.iter().sum::<f32>() + rest);
        }
        total as f32
    }
}

struct Sigmoid<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Sigmoid<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (x, y) in self.x.iter().zip(self.y) {
            *y = 1.0 / (1.0 + exp(-x));
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in -8700..8830 {
            let x = step as f32 * 0.01;
            let (actual, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!(
                (actual / expected - 1.0).abs() < 3e-7,
                "exp({x}) = {actual}, not {expected}"
            );
        }
        assert!(exp(-1000.0) < 2e-38 && exp(0.0) == 1.0);
    }

    #[test]
    fn sums_match_what_is_written() {
        let row: Vec<f32> = (0..10_007).map(|i| (i as f32 * 0.37).sin() * 9.0).collect();
        let expected: f64 = row.iter().map(|x| (f64::from(*x) - 2.0).exp()).sum();
        let mut written = row.clone();
        let sum = exp_minus(&mut written, 2.0);
        assert_eq!(sum.to_bits(), sum_exp_minus(&row, 2.0).to_bits());
        assert!((f64::from(sum) / expected - 1.0).abs() < 1e-6);
        assert!((f64::from(written[7]) / (f64::from(row[7]) - 2.0).exp() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn sigmoid_is_symmetric() {
        let (x, mut y) = ([-100.0, -1.0, 0.0, 1.0, 100.0], [0.0; 5]);
        sigmoid(&x, &mut y);
        assert!(y[0] < 1e-37 && (y[1] + y[3] - 1.0).abs() < 1e-7 && y[2] == 0.5 && y[4] == 1.0);
    }
}
