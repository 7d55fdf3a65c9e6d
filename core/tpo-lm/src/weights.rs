//! A matrix that is packed once, in the format of a precision.

use crate::kernels::packed_matrix::PackedMatrix;
use crate::kernels::panel::{PackedRows, Sum};
use crate::kernels::tiled::{TiledMatrix, TiledRows};
use crate::precision::Precision;

/// A matrix `w` (out, in) packed for `y = x w^T`.
#[derive(Debug)]
pub(crate) enum PackedWeights {
    Panels(PackedMatrix),
    Tiles(TiledMatrix),
}

/// Scratch of a product.
#[derive(Debug, Default)]
pub(crate) struct PackedInputs {
    panels: PackedRows,
    tiles: TiledRows,
}

impl PackedWeights {
    /// Packs `w` (out, in).
    pub(crate) fn pack(precision: Precision, w: &[f32], inputs: usize) -> Self {
        match precision.tiles() {
            None => Self::Panels(PackedMatrix::pack(w, inputs)),
            Some(format) => Self::Tiles(TiledMatrix::pack(format, w, inputs)),
        }
    }

    /// Bytes that a product reads.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Panels(panels) => panels.bytes(),
            Self::Tiles(tiles) => tiles.bytes(),
        }
    }

    /// `y = x w^T`, or `y += x w^T`. `x` is (M, in), `y` is (M, out).
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32], add: bool, scratch: &mut PackedInputs) {
        match self {
            Self::Panels(panels) => {
                let sum = if add { Sum::Added } else { Sum::New };
                panels.multiply(x, y, sum, &mut scratch.panels);
            }
            Self::Tiles(tiles) => tiles.multiply(x, y, add, &mut scratch.tiles),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::Counter;

    fn random(len: usize, purpose: &str) -> Vec<f32> {
        let counter = Counter::new(17, purpose);
        let value = |at: usize| (2.0 * counter.unit(at as u64) - 1.0) as f32;
        (0..len).map(|at| value(at).powi(3)).collect()
    }

    fn naive(x: &[f32], w: &[f32], inputs: usize) -> Vec<f64> {
        let dot = |x: &[f32], w: &[f32]| -> f64 {
            let products = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
            products.sum()
        };
        x.chunks_exact(inputs)
            .flat_map(|x| w.chunks_exact(inputs).map(move |w| dot(x, w)))
            .collect()
    }

    /// The precisions that this machine has, each with its error relative to the lengths of the
    /// row and the column.
    fn precisions() -> impl Iterator<Item = (Precision, f64)> {
        let errors = [1e-6, 5e-5, 6e-5, 8e-3, 1.2e-2];
        let all = Precision::ALL.into_iter().zip(errors);
        all.filter(|(precision, _)| precision.check().is_ok())
    }

    fn length(row: &[f32]) -> f64 {
        row.iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt()
    }

    proptest! {
        #[test]
        fn products_are_near_the_exact_ones(
            rows in 1usize..70, inputs in 1usize..200, outputs in 1usize..150,
        ) {
            let (x, w) = (random(rows * inputs, "x"), random(outputs * inputs, "w"));
            let expected = naive(&x, &w, inputs);
            for (precision, error) in precisions() {
                let packed = PackedWeights::pack(precision, &w, inputs);
                let mut actual = vec![1.0; rows * outputs];
                packed.multiply(&x, &mut actual, false, &mut PackedInputs::default());
                packed.multiply(&x, &mut actual, true, &mut PackedInputs::default());
                for (at, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
                    let (row, column) = (at / outputs, at % outputs);
                    let size = length(&x[row * inputs..][..inputs])
                        * length(&w[column * inputs..][..inputs]);
                    let off = (f64::from(*actual) / 2.0 - expected).abs();
                    prop_assert!(off <= error * size + 1e-6, "{precision:?}: {off} of {size}");
                }
            }
        }

        #[test]
        fn a_row_does_not_depend_on_the_others(
            rows in 2usize..70, inputs in 1usize..200, outputs in 1usize..90,
        ) {
            let (x, w) = (random(rows * inputs, "x"), random(outputs * inputs, "w"));
            for (precision, _) in precisions() {
                let packed = PackedWeights::pack(precision, &w, inputs);
                let mut scratch = PackedInputs::default();
                let mut together = vec![0.0; rows * outputs];
                packed.multiply(&x, &mut together, false, &mut scratch);
                let mut alone = vec![0.0; outputs];
                for (x, together) in x.chunks_exact(inputs).zip(together.chunks_exact(outputs)) {
                    packed.multiply(x, &mut alone, false, &mut scratch);
                    prop_assert_eq!(&alone, together, "{:?}", precision);
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let w = random(40 * 70, "w");
        for (precision, _) in precisions() {
            let packed = PackedWeights::pack(precision, &w, 70);
            for bad in [f32::NAN, f32::INFINITY, f32::from_bits(0x7fff_ffff)] {
                let mut x = random(3 * 70, "x");
                x[70 + 33] = bad;
                let mut y = vec![0.0; 3 * 40];
                packed.multiply(&x, &mut y, false, &mut PackedInputs::default());
                let finite: Vec<bool> = y
                    .chunks_exact(40)
                    .map(|row| row.iter().all(|y| y.is_finite()))
                    .collect();
                assert_eq!(finite, [true, false, true], "{precision:?} {bad}");
            }
        }
    }
}
