//! A matrix that is packed once, into panels, for sampling in `f32`.
//!
//! A sampling step multiplies a few rows by every weight. A general product is slow there, because
//! it packs the weights each time.

use rayon::prelude::*;

use super::panel::{Bf16Row, F32Row, PANEL, PackedRows, PanelRow, Rows, Sum};
use super::team;

/// Bands of columns per thread: more than one, so that other threads take work from a late one.
const BANDS_PER_THREAD: usize = 4;

/// A matrix `w` (out, in) packed for `y = x w^T`.
#[derive(Debug)]
pub(crate) struct PackedMatrix {
    panels: Panels,
    inputs: usize,
    outputs: usize,
}

/// Panels of 32 outputs, padded with 0. (out / 32, in)
#[derive(Debug)]
enum Panels {
    F32(Vec<F32Row>),
    /// Most published models are in `bf16`. The product of a few rows waits for memory, and this
    /// is half of it, with the same result.
    Bf16(Vec<Bf16Row>),
}

impl PackedMatrix {
    /// Packs `w` (out, in).
    pub(crate) fn pack(w: &[f32], inputs: usize) -> Self {
        let panels = if w.par_iter().all(|w| Bf16Row::holds(*w)) {
            Panels::Bf16(pack_panels(w, inputs))
        } else {
            Panels::F32(pack_panels(w, inputs))
        };
        Self {
            panels,
            inputs,
            outputs: w.len() / inputs,
        }
    }

    /// Bytes of all panels.
    pub(crate) fn bytes(&self) -> usize {
        match &self.panels {
            Panels::F32(panels) => size_of_val(panels.as_slice()),
            Panels::Bf16(panels) => size_of_val(panels.as_slice()),
        }
    }

    /// `y = x w^T`, or `y += x w^T`. `x` is (M, in), `y` is (M, out); `packed` is scratch.
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32], sum: Sum, packed: &mut PackedRows) {
        packed.repack_all(Rows::new(x, self.inputs));
        let packed = &*packed;
        match &self.panels {
            Panels::F32(panels) => self.multiply_panels(panels, packed, y, sum),
            Panels::Bf16(panels) => self.multiply_panels(panels, packed, y, sum),
        }
    }

    fn multiply_panels(
        &self,
        panels: &[impl PanelRow],
        packed: &PackedRows,
        y: &mut [f32],
        sum: Sum,
    ) {
        let band_width = band_width(self.outputs);
        let cuts: Vec<usize> = (band_width..self.outputs).step_by(band_width).collect();
        let bands = column_bands(y.chunks_exact_mut(self.outputs), &cuts);
        team::for_each(bands.into_iter().enumerate(), |(band, mut y)| {
            let first = band * band_width / PANEL * self.inputs;
            let panels = panels[first..].chunks_exact(self.inputs);
            let width = y.first().map_or(0, |row| row.len());
            for (panel, start) in panels.zip((0..width).step_by(PANEL)) {
                packed.multiply_panel(panel, &mut y, start, sum);
            }
        });
    }
}

/// Packs `w` (out, in) into panels. (out / 32, in)
fn pack_panels<P: PanelRow>(w: &[f32], inputs: usize) -> Vec<P> {
    let outputs = w.len() / inputs;
    let mut panels = vec![P::default(); outputs.div_ceil(PANEL) * inputs];
    panels
        .par_chunks_exact_mut(inputs)
        .zip(w.par_chunks(inputs * PANEL))
        .for_each(|(panel, rows)| {
            for (column, row) in rows.chunks_exact(inputs).enumerate() {
                for (weight, to) in row.iter().zip(&mut *panel) {
                    to.set(column, *weight);
                }
            }
        });
    panels
}

/// Columns of a band, a multiple of [`PANEL`].
pub(crate) fn band_width(outputs: usize) -> usize {
    let panels = outputs.div_ceil(PANEL);
    let bands = (rayon::current_num_threads() * BANDS_PER_THREAD).min(panels);
    panels.div_ceil(bands) * PANEL
}

/// Splits every row at the same columns, so that each band of columns can be written by its own
/// task.
pub(crate) fn column_bands<'a>(
    rows: impl Iterator<Item = &'a mut [f32]>,
    cuts: &[usize],
) -> Vec<Vec<&'a mut [f32]>> {
    let mut bands: Vec<Vec<&'a mut [f32]>> = (0..=cuts.len())
        .map(|_| Vec::with_capacity(rows.size_hint().0))
        .collect();
    for mut row in rows {
        let mut start = 0;
        for (band, cut) in bands.iter_mut().zip(cuts) {
            band.push(
                row.split_off_mut(..cut - start)
                    .expect("cuts lie inside the row"),
            );
            start = *cut;
        }
        bands[cuts.len()].push(row);
    }
    bands
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::gemm::Write;
    use crate::kernels::linear::Products;
    use crate::rng::Counter;

    fn random(len: usize, purpose: &str) -> Vec<f32> {
        let counter = Counter::new(11, purpose);
        (0..len)
            .map(|at| (2.0 * counter.unit(at as u64) - 1.0) as f32)
            .collect()
    }

    proptest! {
        #[test]
        fn products_match_the_general_ones(
            rows in 1usize..70, inputs in 1usize..90, outputs in 1usize..150,
        ) {
            let (x, w) = (random(rows * inputs, "x"), random(outputs * inputs, "w"));
            let (mut actual, mut expected) = (vec![1.0; rows * outputs], vec![1.0; rows * outputs]);
            let panels = PackedMatrix::pack(&w, inputs);
            for add in [false, true] {
                let sum = if add { Sum::Added } else { Sum::New };
                panels.multiply(&x, &mut actual, sum, &mut PackedRows::default());
                let write = if add { Write::Add(1.0) } else { Write::Set };
                Products::F32.linear(&mut expected, write, &x, &w, inputs);
                for (actual, expected) in actual.iter().zip(&expected) {
                    prop_assert!((actual - expected).abs() < 1e-4);
                }
            }
        }

        #[test]
        fn a_row_does_not_depend_on_the_others(
            rows in 2usize..70, inputs in 1usize..90, outputs in 1usize..90,
        ) {
            let (x, w) = (random(rows * inputs, "x"), random(outputs * inputs, "w"));
            let panels = PackedMatrix::pack(&w, inputs);
            let mut together = vec![0.0; rows * outputs];
            panels.multiply(&x, &mut together, Sum::New, &mut PackedRows::default());
            for (x, together) in x.chunks_exact(inputs).zip(together.chunks_exact(outputs)) {
                let mut alone = vec![0.0; outputs];
                panels.multiply(x, &mut alone, Sum::New, &mut PackedRows::default());
                prop_assert_eq!(&alone, together);
            }
        }
    }

    #[test]
    fn weights_that_bf16_holds_are_stored_in_it() {
        let w = random(40 * 70, "w");
        assert!(matches!(PackedMatrix::pack(&w, 70).panels, Panels::F32(_)));
        let w: Vec<f32> = w.iter().map(|w| (64.0 * w).round() / 64.0).collect();
        assert!(matches!(PackedMatrix::pack(&w, 70).panels, Panels::Bf16(_)));
    }

    #[test]
    fn bands_cut_every_row_at_the_same_columns() {
        let mut values = [0, 1, 2, 3, 10, 11, 12, 13].map(|value| value as f32); // (2, 4)
        let bands = column_bands(values.chunks_exact_mut(4), &[1, 3]);
        assert_eq!(
            bands,
            [
                [&[0.0][..], &[10.0]],
                [&[1.0, 2.0], &[11.0, 12.0]],
                [&[3.0], &[13.0]]
            ]
        );
    }
}
