//! Products with a packed matrix, for sampling.
//!
//! A sampling step multiplies a few rows by every weight. A general product is slow there, because
//! it packs the weights each time; here they are packed once, into panels of 32 columns. Each
//! result is one chain of fused multiply-adds over the inputs in order, so a row's bits do not
//! depend on the other rows. That makes a completion independent of its batch.
#![expect(
    clippy::inline_always,
    reason = "a kernel must be compiled with the instruction set it runs on"
)]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// Rows that one call of the innermost kernel computes at most. With two vectors of columns each,
/// 12 rows fill the registers of a machine that has 32 vector registers, and 6 those of one that
/// has 16.
const MAX_ROWS: usize = 12;
const MAX_ROWS_FEW_REGISTERS: usize = 6;

/// Bands of columns per thread: more than one, so that other threads take work from a late one.
const BANDS_PER_THREAD: usize = 4;

/// A matrix `w` (out, in) packed for `y = x w^T`.
#[derive(Debug)]
pub(crate) struct PackedMatrix {
    /// Panels of 32 outputs, padded with 0. (out / 32, in, 32)
    values: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl PackedMatrix {
    /// Packs `w` (out, in).
    pub(crate) fn pack(w: &[f32], inputs: usize) -> Self {
        let outputs = w.len() / inputs;
        let mut values = vec![0.0; outputs.div_ceil(PANEL) * inputs * PANEL];
        values
            .par_chunks_exact_mut(inputs * PANEL)
            .zip(w.par_chunks(inputs * PANEL))
            .for_each(|(panel, rows)| {
                for (column, row) in rows.chunks_exact(inputs).enumerate() {
                    for (value, to) in row.iter().zip(panel.chunks_exact_mut(PANEL)) {
                        to[column] = *value;
                    }
                }
            });
        Self {
            values,
            inputs,
            outputs,
        }
    }

    /// `y = x w^T`, or `y += x w^T`. `x` is (M, in), `y` is (M, out); `packed` is scratch.
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32], add: bool, packed: &mut PackedRows) {
        packed.repack(x.chunks_exact(self.inputs), 1.0);
        let packed = &*packed;
        let panels = self.outputs.div_ceil(PANEL);
        let bands = (rayon::current_num_threads() * BANDS_PER_THREAD).min(panels);
        let band_width = panels.div_ceil(bands) * PANEL;
        let cuts: Vec<usize> = (band_width..self.outputs).step_by(band_width).collect();
        column_bands(y.chunks_exact_mut(self.outputs), &cuts)
            .into_par_iter()
            .enumerate()
            .for_each(|(band, mut y)| {
                let first = band * band_width / PANEL * self.inputs * PANEL;
                let panels = self.values[first..].chunks_exact(self.inputs * PANEL);
                for (panel, start) in
                    panels.zip((0..y.first().map_or(0, |row| row.len())).step_by(PANEL))
                {
                    packed.multiply_panel(panel, &mut y, start, add);
                }
            });
    }
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

/// Rows packed for the kernel: blocks of at most [`MAX_ROWS`] rows, transposed, so that one input
/// of all of them is contiguous.
#[derive(Debug, Default)]
pub(crate) struct PackedRows {
    values: Vec<f32>,
    inputs: usize,
    len: usize,
    block: usize,
}

impl PackedRows {
    /// Replaces the packed rows. `rows` have equal length and are multiplied by `scale`.
    pub(crate) fn repack<'a>(
        &mut self,
        rows: impl ExactSizeIterator<Item = &'a [f32]>,
        scale: f32,
    ) {
        self.block = Arch::new().dispatch(RowsPerBlock);
        self.len = rows.len();
        let mut rows = rows.peekable();
        self.inputs = rows.peek().map_or(0, |row| row.len());
        self.values.resize(self.len * self.inputs, 0.0);
        for block in self.values.chunks_mut((self.block * self.inputs).max(1)) {
            let len = block.len() / self.inputs;
            for (r, row) in rows.by_ref().take(len).enumerate() {
                for (value, to) in row.iter().zip(block.chunks_exact_mut(len)) {
                    to[r] = value * scale;
                }
            }
        }
    }

    /// `y[.., start..start + 32] = x panel`, or added to it; columns past the end of `y` are left
    /// out. `panel` is (in, 32), every row of `y` has the same length.
    pub(crate) fn multiply_panel(
        &self,
        panel: &[f32],
        y: &mut [&mut [f32]],
        start: usize,
        add: bool,
    ) {
        debug_assert_eq!((panel.len(), y.len()), (self.inputs * PANEL, self.len));
        let Some(width) = y.first().map(|row| row.len()) else {
            return;
        };
        let columns = start..width.min(start + PANEL);
        let blocks = self.values.chunks((self.block * self.inputs).max(1));
        Arch::new().dispatch(PanelProduct {
            blocks,
            panel,
            y,
            columns,
            add,
        });
    }
}

/// How many rows the kernel computes at a time on this machine.
struct RowsPerBlock;

impl WithSimd for RowsPerBlock {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        if S::REGISTER_COUNT >= 32 {
            MAX_ROWS
        } else {
            MAX_ROWS_FEW_REGISTERS
        }
    }
}

struct PanelProduct<'a, 'y, B> {
    blocks: B,
    panel: &'a [f32],
    y: &'a mut [&'y mut [f32]],
    columns: Range<usize>,
    add: bool,
}

impl<'a, B: Iterator<Item = &'a [f32]>> WithSimd for PanelProduct<'a, '_, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (panel, _) = self.panel.as_chunks::<PANEL>();
        let mut y = self.y;
        for x in self.blocks {
            let rows = x.len() / panel.len();
            let (block, rest) = y.split_at_mut(rows);
            match rows {
                1 => block_product::<S, 1>(simd, x, panel, block, &self.columns, self.add),
                2 => block_product::<S, 2>(simd, x, panel, block, &self.columns, self.add),
                3 => block_product::<S, 3>(simd, x, panel, block, &self.columns, self.add),
                4 => block_product::<S, 4>(simd, x, panel, block, &self.columns, self.add),
                5 => block_product::<S, 5>(simd, x, panel, block, &self.columns, self.add),
                6 => block_product::<S, 6>(simd, x, panel, block, &self.columns, self.add),
                7 => block_product::<S, 7>(simd, x, panel, block, &self.columns, self.add),
                8 => block_product::<S, 8>(simd, x, panel, block, &self.columns, self.add),
                9 => block_product::<S, 9>(simd, x, panel, block, &self.columns, self.add),
                10 => block_product::<S, 10>(simd, x, panel, block, &self.columns, self.add),
                11 => block_product::<S, 11>(simd, x, panel, block, &self.columns, self.add),
                _ => block_product::<S, MAX_ROWS>(simd, x, panel, block, &self.columns, self.add),
            }
            y = rest;
        }
    }
}

/// `R` rows by one panel, two vectors of columns at a time. `x` is (in, R), `panel` is (in, 32).
#[inline(always)]
fn block_product<S: Simd, const R: usize>(
    simd: S,
    x: &[f32],
    panel: &[[f32; PANEL]],
    y: &mut [&mut [f32]],
    columns: &Range<usize>,
    add: bool,
) {
    let (x, _) = x.as_chunks::<R>();
    for at in (0..PANEL).step_by(2 * S::F32_LANES) {
        let mut sums = [[simd.splat_f32s(0.0); 2]; R];
        for (x, w) in x.iter().zip(panel) {
            let (w, _) = S::as_simd_f32s(&w[at..at + 2 * S::F32_LANES]);
            for (sums, x) in sums.iter_mut().zip(x) {
                let x = simd.splat_f32s(*x);
                sums[0] = multiply_add(simd, x, w[0], sums[0]);
                sums[1] = multiply_add(simd, x, w[1], sums[1]);
            }
        }
        let to = columns.start + at..columns.end.min(columns.start + at + 2 * S::F32_LANES);
        for (row, sums) in y.iter_mut().zip(&sums) {
            let sums: &[f32] = pulp::bytemuck::cast_slice(sums);
            // Columns past the end of the row are padding of the last panel.
            let Some(row) = row.get_mut(to.clone()) else {
                continue;
            };
            if add {
                super::add(row, &sums[..row.len()]);
            } else {
                row.copy_from_slice(&sums[..row.len()]);
            }
        }
    }
}

/// `a * b + c`: fused where the machine can.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::IS_SCALAR {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::gemm::{Write, linear};
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
                panels.multiply(&x, &mut actual, add, &mut PackedRows::default());
                let write = if add { Write::Add(1.0) } else { Write::Set };
                linear(&mut expected, write, &x, &w, inputs);
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
            panels.multiply(&x, &mut together, false, &mut PackedRows::default());
            for (x, together) in x.chunks_exact(inputs).zip(together.chunks_exact(outputs)) {
                let mut alone = vec![0.0; outputs];
                panels.multiply(x, &mut alone, false, &mut PackedRows::default());
                prop_assert_eq!(&alone, together);
            }
        }
    }

    #[test]
    fn machines_without_vector_instructions_compute_the_same() {
        let (inputs, rows) = (37, 9);
        let (x, w) = (random(rows * inputs, "x"), random(PANEL * inputs, "w"));
        let panels = PackedMatrix::pack(&w, inputs);
        let mut packed = PackedRows::default();
        let mut expected = vec![0.0; rows * PANEL];
        panels.multiply(&x, &mut expected, false, &mut packed);
        let mut actual = vec![0.0; rows * PANEL];
        let mut y: Vec<&mut [f32]> = actual.chunks_exact_mut(PANEL).collect();
        let blocks = packed.values.chunks(packed.block * inputs);
        let product = PanelProduct {
            blocks,
            panel: &panels.values,
            y: &mut y,
            columns: 0..PANEL,
            add: false,
        };
        product.with_simd(pulp::Scalar);
        for (actual, expected) in actual.iter().zip(expected) {
            assert!((actual - expected).abs() < 1e-5);
        }
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
