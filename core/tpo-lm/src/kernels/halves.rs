//! Numbers as `bf16` halves, packed into tiles.

use std::ops::Range;

use pulp::{Arch, Simd, bytemuck};

use super::gemm::{Matrix, Shape};
use super::tile::{SIDE, Tile};

/// The `bf16` halves of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halves {
    /// The nearest `bf16`.
    One,
    /// A high and a low part; the product of both low parts is left out.
    Two,
}

/// Inputs of a tile.
pub(super) const STEP: usize = 32;

impl Halves {
    /// Tiles of a block of lines in one step.
    pub(super) fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// A side of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A row of its tiles is a line.
    Left,
    /// A row of its tiles is a pair of inputs of 16 lines.
    Right,
}

/// Where the tiles of 16 lines and 32 inputs are: of the left side `(lines / 16, steps, halves)`,
/// of the right one `(lines / 32, steps, halves, 2 halves of the 32 lines)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct TileLayout {
    pub(super) side: Side,
    /// Inputs by 32, rounded up.
    pub(super) steps: usize,
    pub(super) halves: Halves,
}

impl TileLayout {
    /// The tile of the high halves.
    fn high(self, block: usize, step: usize) -> usize {
        match self.side {
            Side::Left => (block * self.steps + step) * self.halves.count(),
            Side::Right => (block / 2 * self.steps + step) * self.halves.count() * 2 + block % 2,
        }
    }

    /// From the tile of the high halves to that of the low ones, if there is one.
    fn to_low(self) -> Option<usize> {
        (self.halves == Halves::Two).then_some(match self.side {
            Side::Left => 1,
            Side::Right => 2,
        })
    }
}

/// What is packed: lines are rows of the left side or columns of the right one.
#[derive(Debug, Clone)]
pub(super) struct Source<'a> {
    values: &'a [f32],
    /// Lines as rows, inputs as columns.
    shape: Shape,
    pub(super) lines: Range<usize>,
    pub(super) inputs: Range<usize>,
}

impl<'a> Source<'a> {
    /// All rows of a matrix; columns are those of the transposed one.
    pub(super) fn rows(matrix: Matrix<'a>) -> Self {
        let shape = matrix.shape();
        Self::part(matrix, 0..shape.rows, 0..shape.columns)
    }

    /// Some of its rows, and some columns of them.
    pub(super) fn part(matrix: Matrix<'a>, lines: Range<usize>, inputs: Range<usize>) -> Self {
        Self {
            values: matrix.values(),
            shape: matrix.shape(),
            lines,
            inputs,
        }
    }

    /// Packs everything, in the order of the memory that is read. Inputs that are missing in the
    /// last step are 0; lines that are missing are whatever was there, and belong to no result.
    pub(super) fn pack(&self, layout: TileLayout, tiles: &mut [Tile]) {
        let blocks = self.lines.len().div_ceil(SIDE);
        let Shape {
            row_step,
            column_step,
            ..
        } = self.shape;
        let first = &self.values[self.lines.start * row_step + self.inputs.start * column_step..];
        if column_step == 1 {
            for block in 0..blocks {
                for line in block * SIDE..self.lines.len().min((block + 1) * SIDE) {
                    let inputs = &first[line * row_step..][..self.inputs.len()];
                    pack_line(inputs, line, layout, tiles);
                }
                if layout.side == Side::Right {
                    (0..layout.steps).for_each(|step| turn(layout, block, step, tiles));
                }
            }
        } else {
            let lines = |input: usize| {
                let is_there = input < self.inputs.len();
                is_there.then(|| &first[input * column_step..][..self.lines.len()])
            };
            for step in 0..layout.steps {
                for input in (step * STEP..(step + 1) * STEP).step_by(2) {
                    let both = [lines(input), lines(input + 1)].map(Option::unwrap_or_default);
                    pack_pair(both, input, blocks, layout, tiles);
                }
                if layout.side == Side::Left {
                    (0..blocks).for_each(|block| turn(layout, block, step, tiles));
                }
            }
        }
    }
}

/// 16 rows of 16 pairs, as bits of `bf16`.
type Pairs = [[u32; SIDE]; SIDE];

fn pairs(tile: &mut Tile) -> &mut Pairs {
    bytemuck::cast_mut(&mut tile.0)
}

/// Packs the inputs of one line into a row of a tile in each step.
#[pulp::with_simd(pack_line = Arch::new())]
#[inline(always)]
fn pack_line_with<'a, S: Simd>(
    _: S,
    inputs: &'a [f32],
    line: usize,
    layout: TileLayout,
    tiles: &'a mut [Tile],
) {
    let (steps, rest) = inputs.as_chunks::<STEP>();
    let mut last = [0.0; STEP];
    last[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(&last);
    for (step, inputs) in steps.iter().chain(last).enumerate() {
        let high = layout.high(line / SIDE, step);
        // A pair is two numbers that follow each other.
        let highs: &mut [u16; STEP] = bytemuck::cast_mut(&mut pairs(&mut tiles[high])[line % SIDE]);
        let mut lows = [0; STEP];
        for ((high, low), input) in highs.iter_mut().zip(&mut lows).zip(inputs) {
            let halves = split(*input);
            (*high, *low) = (halves.high, halves.low);
        }
        if let Some(to_low) = layout.to_low() {
            pairs(&mut tiles[high + to_low])[line % SIDE] = bytemuck::cast(lows);
        }
    }
}

/// Packs two adjacent inputs of all lines into a row of a tile in each block; what is missing is 0.
#[pulp::with_simd(pack_pair = Arch::new())]
#[inline(always)]
fn pack_pair_with<'a, S: Simd>(
    _: S,
    both: [&'a [f32]; 2],
    input: usize,
    blocks: usize,
    layout: TileLayout,
    tiles: &'a mut [Tile],
) {
    let (step, pair) = (input / STEP, input % STEP / 2);
    let [(first, first_rest), (second, second_rest)] = both.map(|lines| lines.as_chunks::<SIDE>());
    let mut pack = |block, first: &[f32; SIDE], second: &[f32; SIDE]| {
        let high = layout.high(block, step);
        let highs = &mut pairs(&mut tiles[high])[pair];
        let mut lows = [0; SIDE];
        for line in 0..SIDE {
            let (first, second) = (split(first[line]), split(second[line]));
            highs[line] = u32::from(first.high) | u32::from(second.high) << 16;
            lows[line] = u32::from(first.low) | u32::from(second.low) << 16;
        }
        if let Some(to_low) = layout.to_low() {
            pairs(&mut tiles[high + to_low])[pair] = lows;
        }
    };
    let whole = first.len().min(second.len());
    for (block, (first, second)) in first.iter().zip(second).enumerate() {
        pack(block, first, second);
    }
    for block in whole..blocks {
        let of = |blocks: &[[f32; SIDE]], rest: &[f32]| {
            let mut lines = [0.0; SIDE];
            if let Some(block) = blocks.get(block) {
                lines = *block;
            } else if block == blocks.len() {
                lines[..rest.len()].copy_from_slice(rest);
            }
            lines
        };
        pack(block, &of(first, first_rest), &of(second, second_rest));
    }
}

/// Turns the tiles of a block and step.
fn turn(layout: TileLayout, block: usize, step: usize, tiles: &mut [Tile]) {
    let high = layout.high(block, step);
    transpose(pairs(&mut tiles[high]));
    if let Some(to_low) = layout.to_low() {
        transpose(pairs(&mut tiles[high + to_low]));
    }
}

/// The bits of the halves of a number.
struct Split {
    high: u16,
    low: u16,
}

#[inline(always)]
fn split(value: f32) -> Split {
    let high = to_bf16(value);
    Split {
        high,
        low: to_bf16(value - from_bf16(high)),
    }
}

#[pulp::with_simd(transpose = Arch::new())]
#[inline(always)]
fn transpose_with<'a, S: Simd>(_: S, rows: &'a mut Pairs) {
    let mut turned = *rows;
    swap::<8>(&mut turned);
    swap::<4>(&mut turned);
    swap::<2>(&mut turned);
    swap::<1>(&mut turned);
    *rows = turned;
}

/// Swaps the blocks beside the diagonal of every square of `2 S` rows and columns.
#[inline(always)]
fn swap<const S: usize>(rows: &mut Pairs) {
    for upper in (0..SIDE).filter(|row| row & S == 0) {
        let (a, b) = (rows[upper], rows[upper + S]);
        for at in 0..SIDE {
            let is_left = at & S == 0;
            rows[upper][at] = if is_left { a[at] } else { b[at ^ S] };
            rows[upper + S][at] = if is_left { a[at ^ S] } else { b[at] };
        }
    }
}

/// The nearest `bf16`, as its bits.
#[inline(always)]
fn to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16;
    if value.is_nan() { 0x7fc0 } else { rounded }
}

#[inline(always)]
fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_turned() {
        let mut rows = [[0; SIDE]; SIDE];
        for (row, values) in rows.iter_mut().enumerate() {
            for (column, value) in values.iter_mut().enumerate() {
                *value = (row * SIDE + column) as u32;
            }
        }
        transpose(&mut rows);
        for (row, values) in rows.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                assert_eq!(*value, (column * SIDE + row) as u32);
            }
        }
    }
}
