//! Products of rows with a panel of 32 columns, for sampling.
//!
//! Each result is one chain of fused multiply-adds over the inputs in order, so a row's bits do not
//! depend on the other rows. That makes a completion independent of its batch.
#![expect(
    clippy::inline_always,
    reason = "a kernel must be compiled with the instruction set it runs on"
)]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd, bytemuck};

use super::team;

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// Rows that one call of the innermost kernel computes at most. With two vectors of columns each,
/// 12 rows fill the registers of a machine that has 32 vector registers, and 6 those of one that
/// has 16.
const MAX_ROWS: usize = 12;
const MAX_ROWS_FEW_REGISTERS: usize = 6;

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

/// One input's weights of a panel's columns, as they are stored.
pub(crate) trait PanelRow: Copy + Send + Sync + Default {
    /// Stores a column's weight.
    fn set(&mut self, column: usize, weight: f32);

    /// Two vectors of weights: of the columns from `at` on, and of those from `HALF + at` on.
    fn load<S: Simd>(&self, simd: S, at: usize) -> [S::f32s; 2];
}

/// Half of the columns of a panel.
pub(crate) const HALF: usize = PANEL / 2;

/// Weights as they are.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct F32Row(pub [f32; PANEL]);

/// Weights that `bf16` holds without loss: in each word one of the first half of the columns, and
/// above it one of the second.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
pub(crate) struct Bf16Row([u32; HALF]);

/// The bits of an `f32` that `bf16` does not have.
const BELOW_BF16: u32 = 0xffff;

impl Bf16Row {
    /// Whether `bf16` holds a weight without loss.
    pub(crate) fn holds(weight: f32) -> bool {
        weight.to_bits() & BELOW_BF16 == 0
    }
}

impl Default for F32Row {
    fn default() -> Self {
        Self([0.0; PANEL])
    }
}

impl PanelRow for F32Row {
    fn set(&mut self, column: usize, weight: f32) {
        self.0[column] = weight;
    }

    #[inline(always)]
    fn load<S: Simd>(&self, _: S, at: usize) -> [S::f32s; 2] {
        let vector = |at: usize| S::as_simd_f32s(&self.0[at..at + S::F32_LANES]).0[0];
        [vector(at), vector(HALF + at)]
    }
}

impl PanelRow for Bf16Row {
    fn set(&mut self, column: usize, weight: f32) {
        debug_assert!(Self::holds(weight), "{weight} is not in bf16");
        let word = &mut self.0[column % HALF];
        *word = if column < HALF {
            *word & !BELOW_BF16 | weight.to_bits() >> 16
        } else {
            *word & BELOW_BF16 | weight.to_bits()
        };
    }

    #[inline(always)]
    fn load<S: Simd>(&self, simd: S, at: usize) -> [S::f32s; 2] {
        let words = S::as_simd_u32s(&self.0[at..at + S::F32_LANES]).0[0];
        let low = simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16));
        let high = simd.and_u32s(words, simd.splat_u32s(!BELOW_BF16));
        [low, high].map(|bits| simd.transmute_f32s_u32s(bits))
    }
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
    pub(super) fn repack_all(&mut self, rows: Rows<'_>) {
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
    /// out. `panel` has a row per input, every row of `y` has the same length.
    pub(crate) fn multiply_panel<P: PanelRow>(
        &self,
        panel: &[P],
        y: &mut [&mut [f32]],
        start: usize,
        sum: Sum,
    ) {
        debug_assert_eq!((panel.len(), y.len()), (self.inputs, self.blocks.rows));
        let Some(width) = y.first().map(|row| row.len()) else {
            return;
        };
        Arch::new().dispatch(PanelProduct {
            x: self,
            panel,
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

struct PanelProduct<'a, 'y, P> {
    x: &'a PackedRows,
    panel: &'a [P],
    y: &'a mut [&'y mut [f32]],
    columns: Range<usize>,
    sum: Sum,
}

impl<P: PanelRow> WithSimd for PanelProduct<'_, '_, P> {
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

impl<P: PanelRow> PanelProduct<'_, '_, P> {
    /// `R` rows by the panel, two vectors of columns at a time. `x` is (in, R).
    #[inline(always)]
    fn block<S: Simd, const R: usize>(&mut self, simd: S, x: &[f32], rows: Range<usize>) {
        let (x, _) = x.as_chunks::<R>();
        let y = &mut self.y[rows];
        for at in (0..HALF).step_by(S::F32_LANES) {
            // Columns past the end of the row are padding of the last panel.
            let to = [at, HALF + at].map(|at| {
                let start = self.columns.start + at;
                start..self.columns.end.min(start + S::F32_LANES)
            });
            let mut sums = [[simd.splat_f32s(0.0); 2]; R];
            if self.sum == Sum::Resumed {
                for (row, sums) in y.iter().zip(&mut sums) {
                    for (to, sum) in to.iter().zip(sums) {
                        if let Some(row) = row.get(to.clone()) {
                            let sum: &mut [f32] =
                                bytemuck::cast_slice_mut(std::slice::from_mut(sum));
                            sum[..row.len()].copy_from_slice(row);
                        }
                    }
                }
            }
            for (x, w) in x.iter().zip(self.panel) {
                let w = w.load(simd, at);
                for (sums, x) in sums.iter_mut().zip(x) {
                    let x = simd.splat_f32s(*x);
                    sums[0] = multiply_add(simd, x, w[0], sums[0]);
                    sums[1] = multiply_add(simd, x, w[1], sums[1]);
                }
            }
            for (row, sums) in y.iter_mut().zip(&sums) {
                for (to, sum) in to.iter().zip(sums) {
                    let Some(row) = row.get_mut(to.clone()) else {
                        continue;
                    };
                    let sum: &[f32] = bytemuck::cast_slice(std::slice::from_ref(sum));
                    if self.sum == Sum::Added {
                        super::add(row, &sum[..row.len()]);
                    } else {
                        row.copy_from_slice(&sum[..row.len()]);
                    }
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
    use super::*;
    use crate::rng::Counter;

    fn random(len: usize, purpose: &str) -> Vec<f32> {
        let counter = Counter::new(11, purpose);
        (0..len)
            .map(|at| (2.0 * counter.unit(at as u64) - 1.0) as f32)
            .collect()
    }

    /// Weights of `inputs` inputs that `bf16` holds.
    fn panel<P: PanelRow>(inputs: usize) -> Vec<P> {
        let weights = random(inputs * PANEL, "panel");
        let weights = weights
            .iter()
            .map(|w| f32::from_bits(w.to_bits() & !BELOW_BF16));
        let mut panel = vec![P::default(); inputs];
        for (at, weight) in weights.enumerate() {
            panel[at / PANEL].set(at % PANEL, weight);
        }
        panel
    }

    fn product<P: PanelRow>(x: Rows<'_>, panel: &[P], y: &mut [f32], sum: Sum) {
        let mut y: Vec<&mut [f32]> = y.chunks_exact_mut(PANEL).collect();
        let mut packed = PackedRows::default();
        packed.repack(x);
        packed.multiply_panel(panel, &mut y, 0, sum);
    }

    #[test]
    fn machines_without_vector_instructions_compute_the_same() {
        fn check<P: PanelRow>() {
            let (inputs, rows) = (37, 9);
            let (x, panel) = (random(rows * inputs, "x"), panel::<P>(inputs));
            let mut expected = vec![0.0; rows * PANEL];
            product(Rows::new(&x, inputs), &panel, &mut expected, Sum::New);
            let mut packed = PackedRows::default();
            packed.repack(Rows::new(&x, inputs));
            let mut actual = vec![0.0; rows * PANEL];
            let mut y: Vec<&mut [f32]> = actual.chunks_exact_mut(PANEL).collect();
            let product = PanelProduct {
                x: &packed,
                panel: &panel,
                y: &mut y,
                columns: 0..PANEL,
                sum: Sum::New,
            };
            product.with_simd(pulp::Scalar);
            for (actual, expected) in actual.iter().zip(expected) {
                assert!((actual - expected).abs() < 1e-5);
            }
        }
        check::<F32Row>();
        check::<Bf16Row>();
    }

    #[test]
    fn weights_in_bf16_give_the_bits_of_the_same_weights_in_f32() {
        for rows in 1..30 {
            let inputs = 45;
            let x = random(rows * inputs, "x");
            let (mut half, mut full) = (vec![0.5; rows * PANEL], vec![0.5; rows * PANEL]);
            for sum in [Sum::New, Sum::Added, Sum::Resumed] {
                let x = Rows::new(&x, inputs);
                product(x, &panel::<Bf16Row>(inputs), &mut half, sum);
                product(x, &panel::<F32Row>(inputs), &mut full, sum);
                assert_eq!(half, full, "{rows} rows, {sum:?}");
            }
        }
    }

    #[test]
    fn a_resumed_sum_has_the_bits_of_one_product() {
        let (inputs, rows, cut) = (45, 7, 19);
        let (x, panel) = (random(rows * inputs, "x"), panel::<F32Row>(inputs));
        let mut once = vec![0.0; rows * PANEL];
        let mut twice = once.clone();
        let x = Rows::new(&x, inputs);
        product(x, &panel, &mut once, Sum::New);
        let (first, second) = panel.split_at(cut);
        product(x.columns(0..cut), first, &mut twice, Sum::New);
        product(x.columns(cut..inputs), second, &mut twice, Sum::Resumed);
        assert_eq!(once, twice);
    }
}
