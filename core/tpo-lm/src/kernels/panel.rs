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

use super::team;

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// Rows that one call of the innermost kernel computes at most. With two vectors of columns each,
/// 12 rows fill the registers of a machine that has 32 vector registers, and 6 those of one that
/// has 16.
const MAX_ROWS: usize = 12;
const MAX_ROWS_FEW_REGISTERS: usize = 6;

/// Bands of columns per thread: more than one, so that other threads take work from a late one.
const BANDS_PER_THREAD: usize = 4;

/// What a product does with what is at its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Overwrites it.
    New,
    /// Adds the product to it.
    Added,
    /// Resumes from it: the bits are those of one product over all inputs so far.
    Resumed,
}

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
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32], sum: Sum, packed: &mut PackedRows) {
        packed.repack_all(Rows::new(x, self.inputs));
        let packed = &*packed;
        let band_width = band_width(self.outputs);
        let cuts: Vec<usize> = (band_width..self.outputs).step_by(band_width).collect();
        let bands = column_bands(y.chunks_exact_mut(self.outputs), &cuts);
        team::for_each(bands.into_iter().enumerate(), |(band, mut y)| {
            let first = band * band_width / PANEL * self.inputs * PANEL;
            let panels = self.values[first..].chunks_exact(self.inputs * PANEL);
            let width = y.first().map_or(0, |row| row.len());
            for (panel, start) in panels.zip((0..width).step_by(PANEL)) {
                packed.multiply_panel(panel, &mut y, start, sum);
            }
        });
    }
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

/// Rows of a matrix, or the same columns of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    values: &'a [f32],
    /// Values per row of the matrix.
    width: usize,
    /// The first column.
    first: usize,
    /// Number of columns.
    inputs: usize,
}

impl<'a> Rows<'a> {
    /// All columns of a matrix of rows of `width` values.
    pub(crate) fn new(values: &'a [f32], width: usize) -> Self {
        debug_assert!(values.len().is_multiple_of(width));
        Self {
            values,
            width,
            first: 0,
            inputs: width,
        }
    }

    /// Some of the columns.
    pub(crate) fn columns(self, columns: Range<usize>) -> Self {
        debug_assert!(columns.end <= self.inputs);
        Self {
            first: self.first + columns.start,
            inputs: columns.len(),
            ..self
        }
    }

    /// Number of rows.
    fn len(self) -> usize {
        self.values.len() / self.width
    }

    fn row(self, at: usize) -> &'a [f32] {
        &self.values[at * self.width + self.first..][..self.inputs]
    }
}

/// Rows packed for the kernel: blocks of at most [`MAX_ROWS`] rows, transposed, so that one input
/// of all of them is contiguous.
#[derive(Debug, Default)]
pub(crate) struct PackedRows {
    values: Vec<f32>,
    inputs: usize,
    blocks: Blocks,
}

/// Blocks of nearly equal height: a last one of a single row would use few registers.
#[derive(Debug, Clone, Copy, Default)]
struct Blocks {
    rows: usize,
    count: usize,
}

impl Blocks {
    fn of(rows: usize) -> Self {
        Self {
            rows,
            count: rows.div_ceil(Arch::new().dispatch(RowsPerBlock)),
        }
    }

    /// The rows of each block.
    fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count)
            .map(move |block| block * self.rows / self.count..(block + 1) * self.rows / self.count)
    }
}

impl PackedRows {
    /// Replaces the packed rows.
    pub(crate) fn repack(&mut self, rows: Rows<'_>) {
        for (values, range) in self.resize(rows) {
            pack_block(values, rows, range);
        }
    }

    /// The same with all threads.
    fn repack_all(&mut self, rows: Rows<'_>) {
        team::for_each(self.resize(rows), |(values, range)| {
            pack_block(values, rows, range);
        });
    }

    /// Makes room; returns the place of each block and its rows.
    fn resize(&mut self, rows: Rows<'_>) -> impl Iterator<Item = (&mut [f32], Range<usize>)> {
        self.blocks = Blocks::of(rows.len());
        self.inputs = rows.inputs;
        super::reserve(&mut self.values, rows.len() * rows.inputs);
        let (mut rest, inputs) = (self.values.as_mut_slice(), self.inputs);
        self.blocks.ranges().map(move |range| {
            let values = rest.split_off_mut(..range.len() * inputs);
            (values.expect("there is room for every row"), range)
        })
    }

    /// `y[.., start..start + 32] = x panel`, or added to it; columns past the end of `y` are left
    /// out. `panel` is (in, 32), every row of `y` has the same length.
    pub(crate) fn multiply_panel(
        &self,
        panel: &[f32],
        y: &mut [&mut [f32]],
        start: usize,
        sum: Sum,
    ) {
        debug_assert_eq!(
            (panel.len(), y.len()),
            (self.inputs * PANEL, self.blocks.rows)
        );
        let Some(width) = y.first().map(|row| row.len()) else {
            return;
        };
        Arch::new().dispatch(PanelProduct {
            x: self,
            panel: panel.as_chunks().0,
            y,
            columns: start..width.min(start + PANEL),
            sum,
        });
    }
}

/// Transposes some rows.
fn pack_block(values: &mut [f32], rows: Rows<'_>, range: Range<usize>) {
    let height = range.len();
    for (r, row) in range.map(|row| rows.row(row)).enumerate() {
        for (value, to) in row.iter().zip(values.chunks_exact_mut(height)) {
            to[r] = *value;
        }
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

struct PanelProduct<'a, 'y> {
    x: &'a PackedRows,
    panel: &'a [[f32; PANEL]],
    y: &'a mut [&'y mut [f32]],
    columns: Range<usize>,
    sum: Sum,
}

impl WithSimd for PanelProduct<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut rest = self.x.values.as_slice();
        for rows in self.x.blocks.ranges() {
            let (x, later) = rest.split_at(rows.len() * self.x.inputs);
            rest = later;
            match rows.len() {
                1 => self.block::<S, 1>(simd, x, rows),
                2 => self.block::<S, 2>(simd, x, rows),
                3 => self.block::<S, 3>(simd, x, rows),
                4 => self.block::<S, 4>(simd, x, rows),
                5 => self.block::<S, 5>(simd, x, rows),
                6 => self.block::<S, 6>(simd, x, rows),
                7 => self.block::<S, 7>(simd, x, rows),
                8 => self.block::<S, 8>(simd, x, rows),
                9 => self.block::<S, 9>(simd, x, rows),
                10 => self.block::<S, 10>(simd, x, rows),
                11 => self.block::<S, 11>(simd, x, rows),
                _ => self.block::<S, MAX_ROWS>(simd, x, rows),
            }
        }
    }
}

impl PanelProduct<'_, '_> {
    /// `R` rows by the panel, two vectors of columns at a time. `x` is (in, R).
    #[inline(always)]
    fn block<S: Simd, const R: usize>(&mut self, simd: S, x: &[f32], rows: Range<usize>) {
        let (x, _) = x.as_chunks::<R>();
        let columns = self.columns.clone();
        let y = &mut self.y[rows];
        for at in (0..PANEL).step_by(2 * S::F32_LANES) {
            let to = columns.start + at..columns.end.min(columns.start + at + 2 * S::F32_LANES);
            let mut sums = [[simd.splat_f32s(0.0); 2]; R];
            if self.sum == Sum::Resumed {
                for (row, sums) in y.iter().zip(&mut sums) {
                    if let Some(row) = row.get(to.clone()) {
                        let sums: &mut [f32] = pulp::bytemuck::cast_slice_mut(sums);
                        sums[..row.len()].copy_from_slice(row);
                    }
                }
            }
            for (x, w) in x.iter().zip(self.panel) {
                let (w, _) = S::as_simd_f32s(&w[at..at + 2 * S::F32_LANES]);
                for (sums, x) in sums.iter_mut().zip(x) {
                    let x = simd.splat_f32s(*x);
                    sums[0] = multiply_add(simd, x, w[0], sums[0]);
                    sums[1] = multiply_add(simd, x, w[1], sums[1]);
                }
            }
            for (row, sums) in y.iter_mut().zip(&sums) {
                let sums: &[f32] = pulp::bytemuck::cast_slice(sums);
                // Columns past the end of the row are padding of the last panel.
                let Some(row) = row.get_mut(to.clone()) else {
                    continue;
                };
                if self.sum == Sum::Added {
                    super::add(row, &sums[..row.len()]);
                } else {
                    row.copy_from_slice(&sums[..row.len()]);
                }
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
    fn machines_without_vector_instructions_compute_the_same() {
        let (inputs, rows) = (37, 9);
        let (x, w) = (random(rows * inputs, "x"), random(PANEL * inputs, "w"));
        let panels = PackedMatrix::pack(&w, inputs);
        let (mut packed, mut expected) = (PackedRows::default(), vec![0.0; rows * PANEL]);
        panels.multiply(&x, &mut expected, Sum::New, &mut packed);
        let mut actual = vec![0.0; rows * PANEL];
        let mut y: Vec<&mut [f32]> = actual.chunks_exact_mut(PANEL).collect();
        let product = PanelProduct {
            x: &packed,
            panel: panels.values.as_chunks().0,
            y: &mut y,
            columns: 0..PANEL,
            sum: Sum::New,
        };
        product.with_simd(pulp::Scalar);
        for (actual, expected) in actual.iter().zip(expected) {
            assert!((actual - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn a_resumed_sum_has_the_bits_of_one_product() {
        let (inputs, rows, cut) = (45, 7, 19);
        let (x, panel) = (random(rows * inputs, "x"), random(PANEL * inputs, "panel"));
        let mut once = vec![0.0; rows * PANEL];
        let mut twice = once.clone();
        let x = Rows::new(&x, inputs);
        let product = |x: Rows<'_>, panel: &[f32], y: &mut [f32], sum: Sum| {
            let mut y: Vec<&mut [f32]> = y.chunks_exact_mut(PANEL).collect();
            let mut packed = PackedRows::default();
            packed.repack(x);
            packed.multiply_panel(panel, &mut y, 0, sum);
        };
        product(x, &panel, &mut once, Sum::New);
        let (first, second) = panel.split_at(cut * PANEL);
        product(x.columns(0..cut), first, &mut twice, Sum::New);
        product(x.columns(cut..inputs), second, &mut twice, Sum::Resumed);
        assert_eq!(once, twice);
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
