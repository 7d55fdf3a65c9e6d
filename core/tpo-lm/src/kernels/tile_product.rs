//! Products of two matrices by tiles, both packed on the way: for training, where neither side
//! stays the same.
//!
//! A number is one `bf16`, or the sum of two. The right side is packed for some columns and inputs
//! at a time, then strips of rows of the left side are packed and multiplied, each by one task. The
//! order of every sum is fixed by the sizes of the matrices, so the number of threads does not
//! change a bit.

use std::cell::Cell;
use std::ops::Range;

use pulp::{Arch, Simd, bytemuck};
use rayon::prelude::*;

use super::gemm::{Matrix, MatrixMut, Write};
use super::halves::{Halves, STEP, Side, Source, TileLayout};
use super::reserve;
use super::tile::{SIDE, Start, Tile, TileRows};
use super::tile_format::TileFormat;
use super::tile_unit::TileUnit;

/// Columns that are multiplied at once.
const PANEL: usize = 2 * SIDE;
/// Rows of the left side that a task packs and multiplies. With [`DEPTH`] and [`COLUMNS`], what it
/// works on stays in a second-level cache of 2 MiB.
const STRIP: usize = if cfg!(test) { 64 } else { 192 };
/// Inputs of which a strip is packed at a time.
const DEPTH: usize = if cfg!(test) { 64 } else { 512 };
/// Columns of the right side that are packed at a time.
const COLUMNS: usize = if cfg!(test) { 64 } else { 768 };
/// Inputs of which the right side is packed at a time, a multiple of [`DEPTH`].
const RIGHT_DEPTH: usize = if cfg!(test) { 128 } else { 4096 };

thread_local! {
    /// Memory that is kept, because fresh memory costs more than packing. It is taken while it is
    /// used, so that a nested product finds none.
    static RIGHT: Cell<Vec<Tile>> = const { Cell::new(Vec::new()) };
    static STRIPS: Cell<Strip> = const { Cell::new(Strip::EMPTY) };
}

/// `to = left * right`, or that scaled and added.
pub(crate) fn product(
    halves: Halves,
    to: MatrixMut<'_>,
    write: Write,
    left: Matrix<'_>,
    right: Matrix<'_>,
) {
    let shape = to.shape();
    let inner = right.shape().rows;
    assert_eq!(
        (shape.rows, shape.columns, inner),
        (
            left.shape().rows,
            right.shape().columns,
            left.shape().columns
        ),
        "shapes of a product do not fit"
    );
    if shape.rows == 0 {
        return;
    }
    let values = to.into_values();
    // A row's sums do not depend on the others, so strips may be as long as the threads need.
    let per_thread = shape.rows.div_ceil(rayon::current_num_threads());
    let strip_rows = per_thread.next_multiple_of(PANEL).min(STRIP);
    let mut packed = RIGHT.take();
    for inputs in parts(0..inner, RIGHT_DEPTH) {
        let write = match write {
            Write::Set if inputs.start > 0 => Write::Add(1.0),
            write => write,
        };
        for columns in parts(0..shape.columns, COLUMNS) {
            let right = PackedRight::pack(halves, right, &inputs, &columns, packed);
            let strips = values
                .par_chunks_mut(strip_rows * shape.row_step)
                .enumerate();
            strips.for_each(|(strip, values)| {
                let first = strip * strip_rows;
                let rows = first..shape.rows.min(first + strip_rows);
                right.multiply(left, rows, values, shape.row_step, write);
            });
            packed = right.tiles;
        }
    }
    RIGHT.set(packed);
}

/// A range in parts of a length, the last one shorter.
fn parts(range: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range
        .step_by(length)
        .map(move |start| start..end.min(start + length))
}

/// Some inputs and columns of the right side.
struct PackedRight {
    halves: Halves,
    /// `(columns / 32, inputs / 32, halves, 2 halves of the 32 columns)`
    tiles: Vec<Tile>,
    inputs: Range<usize>,
    columns: Range<usize>,
}

/// What a task works on.
#[derive(Default)]
struct Strip {
    /// The packed rows. `(rows / 16, steps, halves)`
    packed: Vec<Tile>,
    /// The sums. `(columns / 32, rows / 32, 2 halves of the rows, 2 halves of the columns)`
    sums: Vec<[Tile; 4]>,
}

impl Strip {
    const EMPTY: Self = Self {
        packed: Vec::new(),
        sums: Vec::new(),
    };
}

impl PackedRight {
    fn pack(
        halves: Halves,
        right: Matrix<'_>,
        inputs: &Range<usize>,
        columns: &Range<usize>,
        mut tiles: Vec<Tile>,
    ) -> Self {
        let layout = TileLayout {
            side: Side::Right,
            steps: inputs.len().div_ceil(STEP),
            halves,
        };
        let panels = columns.len().div_ceil(PANEL);
        let per_panel = layout.steps * halves.count() * 2;
        reserve(&mut tiles, panels * per_panel);
        // Each task reads long runs of a row where rows are adjacent.
        let panels = panels.div_ceil(rayon::current_num_threads());
        let tasks = tiles.par_chunks_mut(panels * per_panel).enumerate();
        tasks.for_each(|(task, tiles)| {
            let first = columns.start + task * panels * PANEL;
            let lines = first..columns.end.min(first + panels * PANEL);
            Source::part(right.t(), lines, inputs.clone()).pack(layout, tiles);
        });
        Self {
            halves,
            tiles,
            inputs: inputs.clone(),
            columns: columns.clone(),
        }
    }

    /// A strip of rows times these columns, for these inputs. `to` starts at the strip.
    fn multiply(
        &self,
        left: Matrix<'_>,
        rows: Range<usize>,
        to: &mut [f32],
        row_step: usize,
        write: Write,
    ) {
        let mut strip = STRIPS.take();
        let pairs = rows.len().div_ceil(PANEL);
        let panels = self.columns.len().div_ceil(PANEL);
        reserve(&mut strip.sums, panels * pairs);
        for inputs in parts(self.inputs.clone(), DEPTH) {
            let source = Source::part(left, rows.clone(), inputs);
            self.add_products(&source, &mut strip);
        }
        let lines = to.chunks_mut(row_step).take(rows.len());
        for (line, to) in lines.enumerate() {
            let to = &mut to[self.columns.clone()];
            write_line(&strip.sums[line / PANEL..], pairs, line % PANEL, to, write);
        }
        STRIPS.set(strip);
    }

    /// Packs the rows of a strip for some inputs, and adds their products to its sums.
    fn add_products(&self, source: &Source<'_>, strip: &mut Strip) {
        let unit = TileUnit::of(TileFormat::of(self.halves)).expect("the precision was checked");
        let count = self.halves.count();
        let steps = source.inputs.len().div_ceil(STEP);
        let blocks = source.lines.len().div_ceil(SIDE);
        reserve(&mut strip.packed, blocks * steps * count);
        let layout = TileLayout {
            side: Side::Left,
            steps,
            halves: self.halves,
        };
        source.pack(layout, &mut strip.packed);
        let start = if source.inputs.start == self.inputs.start {
            Start::Zero
        } else {
            Start::Resumed
        };
        let first_step = (source.inputs.start - self.inputs.start) / STEP;
        let per_panel = self.inputs.len().div_ceil(STEP) * count * 2;
        let packed = TileRows::blocks(&strip.packed, steps * count, source.lines.len());
        let packed: Vec<TileRows<'_>> = packed.collect();
        let panels = self.tiles.chunks_exact(per_panel);
        for (right, sums) in panels.zip(strip.sums.chunks_exact_mut(blocks.div_ceil(2))) {
            let right = &right[first_step * count * 2..][..steps * count * 2];
            for (left, sums) in packed.chunks(2).zip(sums) {
                let both = [left[0], left[left.len() - 1]];
                match self.halves {
                    Halves::One => unit.bf16(both, right, sums, start, &[]),
                    Halves::Two => unit.bf16x3(both, right, sums, start, &[]),
                }
            }
        }
    }
}

/// Writes a line of the result. `sums` start at its pair of blocks, `line` counts from there.
#[pulp::with_simd(write_line = Arch::new())]
#[inline(always)]
fn write_line_with<'a, S: Simd>(
    _: S,
    sums: &'a [[Tile; 4]],
    pairs: usize,
    line: usize,
    to: &'a mut [f32],
    write: Write,
) {
    let (upper, within) = (line / SIDE * 2, line % SIDE * SIDE);
    for (to, sums) in to.chunks_mut(PANEL).zip(sums.iter().step_by(pairs)) {
        for (to, sum) in to.chunks_mut(SIDE).zip(&sums[upper..]) {
            let sum: &[f32] = bytemuck::cast_slice(&sum.0[within..][..SIDE]);
            match (to.as_mut_array::<SIDE>(), write) {
                (Some(to), Write::Set) => to.copy_from_slice(sum),
                (None, Write::Set) => to.copy_from_slice(&sum[..to.len()]),
                (Some(to), Write::Add(scale)) => {
                    for (to, sum) in to.iter_mut().zip(sum) {
                        *to += scale * sum;
                    }
                }
                (None, Write::Add(scale)) => {
                    for (to, sum) in to.iter_mut().zip(sum) {
                        *to += scale * sum;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tile_unit;
    use super::*;
    use crate::rng::Counter;

    fn random(len: usize, purpose: &str) -> Vec<f32> {
        let counter = Counter::new(19, purpose);
        let value = |at: usize| (2.0 * counter.unit(at as u64) - 1.0) as f32;
        (0..len).map(value).collect()
    }

    /// Element by element, in `f64`.
    fn naive(left: Matrix<'_>, right: Matrix<'_>) -> Vec<f64> {
        let at = |matrix: Matrix<'_>, row: usize, column: usize| {
            let shape = matrix.shape();
            f64::from(matrix.values()[row * shape.row_step + column * shape.column_step])
        };
        let (rows, inner, columns) = (left.shape().rows, right.shape().rows, right.shape().columns);
        (0..rows * columns)
            .map(|to| {
                let (row, column) = (to / columns, to % columns);
                (0..inner)
                    .map(|k| at(left, row, k) * at(right, k, column))
                    .sum()
            })
            .collect()
    }

    fn matrix(values: &[f32], rows: usize, columns: usize, turned: bool) -> Matrix<'_> {
        if turned {
            Matrix::new(values, rows).t()
        } else {
            Matrix::new(values, columns)
        }
    }

    proptest! {
        #[test]
        fn products_are_near_the_exact_ones(
            rows in 1usize..120, inner in 1usize..300, columns in 1usize..150,
            left_turned: bool, right_turned: bool,
        ) {
            let (left, right) = (random(rows * inner, "left"), random(inner * columns, "right"));
            let left = matrix(&left, rows, inner, left_turned);
            let right = matrix(&right, inner, columns, right_turned);
            let exact = naive(left, right);
            // A margin beside the result stays as it is.
            let width = columns + 3;
            for (halves, error) in [(Halves::One, 1e-2), (Halves::Two, 5e-5)] {
                if tile_unit::missing(TileFormat::of(halves)).is_some() {
                    continue;
                }
                let mut actual = vec![7.0; rows * width];
                for write in [Write::Set, Write::Add(2.0)] {
                    let view = MatrixMut::new(&mut actual, width).columns(&(2..2 + columns));
                    product(halves, view, write, left, right);
                }
                for (row, actual) in actual.chunks_exact(width).enumerate() {
                    prop_assert_eq!((actual[1], actual[width - 1]), (7.0, 7.0));
                    for (column, actual) in actual[2..width - 1].iter().enumerate() {
                        let off = f64::from(*actual) / 3.0 - exact[row * columns + column];
                        let size = (inner as f64).sqrt();
                        prop_assert!(off.abs() <= error * size, "{:?} {}", halves, off);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let right = random(40 * 50, "right");
        for bad in [f32::NAN, f32::INFINITY, f32::from_bits(0x7fff_ffff)] {
            for halves in [Halves::One, Halves::Two] {
                if tile_unit::missing(TileFormat::of(halves)).is_some() {
                    continue;
                }
                let mut left = random(3 * 40, "left");
                left[40 + 33] = bad;
                let mut y = vec![0.0; 3 * 50];
                let (left, right) = (Matrix::new(&left, 40), Matrix::new(&right, 50));
                product(halves, MatrixMut::new(&mut y, 50), Write::Set, left, right);
                let rows = y.chunks_exact(50);
                let finite: Vec<bool> = rows.map(|row| row.iter().all(|y| y.is_finite())).collect();
                assert_eq!(finite, [true, false, true], "{halves:?} {bad}");
            }
        }
    }
}
