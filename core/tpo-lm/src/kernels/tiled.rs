//! Products with a matrix that is packed into tiles, in formats of fewer bits than `f32`.
//!
//! Numbers are split into planes: `bf16` parts that add up, or 8-bit digits of a whole number that
//! a scale turns back. A result is a fixed sequence of tile products, so a row's bits do not depend
//! on the other rows.

use std::ops::Range;

use pulp::{Arch, Simd, bytemuck};
use rayon::prelude::*;

use super::gemm::Matrix;
use super::halves::{Side, Source};
use super::packed_matrix::{band_width, column_bands};
use super::panel::PANEL;
use super::tile::{SIDE, Start, Tile, TileRows};
use super::tile_format::TileFormat;
use super::tile_unit::TileUnit;
use super::{reserve, team};

/// The largest whole number in one, two and three 8-bit planes; a little less, so that no digit
/// overflows when it is rounded.
const LARGEST: [f32; 3] = [127.0, 32_512.0, 8_290_000.0];

/// Tiles from the one that is loaded to the one that is asked for, where every panel is multiplied
/// only once.
const AHEAD: usize = 8;

/// A matrix `w` (out, in) packed for `y = x w^T`.
#[derive(Debug)]
pub(crate) struct TiledMatrix {
    format: TileFormat,
    /// `(out / 32, steps, planes, 2 halves of the 32 columns)`
    tiles: Vec<Tile>,
    /// What a whole number is multiplied with; one per output, padded. Empty without integers.
    scales: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

/// Rows packed into tiles.
#[derive(Debug, Default)]
pub(crate) struct TiledRows {
    /// `(rows / 16, steps, planes)`
    tiles: Vec<Tile>,
    /// One per row, padded.
    scales: Vec<f32>,
    /// Rows.
    count: usize,
}

impl TiledMatrix {
    /// Packs `w` (out, in).
    pub(crate) fn pack(format: TileFormat, w: &[f32], inputs: usize) -> Self {
        let outputs = w.len() / inputs;
        let panels = outputs.div_ceil(PANEL);
        let per_panel = format.per_panel(inputs);
        let mut tiles = vec![Tile::ZERO; panels * per_panel];
        let mut scales = vec![1.0; panels * PANEL];
        tiles
            .par_chunks_exact_mut(per_panel)
            .zip(scales.par_chunks_exact_mut(PANEL))
            .zip(w.par_chunks(PANEL * inputs))
            .for_each(|((tiles, scales), w)| {
                if let Some(layout) = format.layout(Side::Right, inputs) {
                    return Source::rows(Matrix::new(w, inputs)).pack(layout, tiles);
                }
                let mut digits = vec![0; inputs];
                let rows = w.chunks_exact(inputs).zip(scales).enumerate();
                for (column, (row, scale)) in rows {
                    let (half, lane) = (column / SIDE, column % SIDE);
                    let at = Column { format, half, lane };
                    *scale = quantize(row, format.weight_planes(), &mut digits);
                    at.write_integers(tiles, &digits);
                }
            });
        Self {
            format,
            tiles,
            scales,
            inputs,
            outputs,
        }
    }

    /// Bytes of all tiles and scales.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.tiles.as_slice()) + size_of_val(self.scales.as_slice())
    }

    /// `y = x w^T`, or `y += x w^T`. `x` is (M, in), `y` is (M, out); `packed` is scratch.
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32], add: bool, packed: &mut TiledRows) {
        packed.repack(self.format, x, self.inputs);
        let packed = &*packed;
        let band_width = band_width(self.outputs);
        let band_panels = band_width / PANEL;
        let cuts: Vec<usize> = (band_width..self.outputs).step_by(band_width).collect();
        let bands = column_bands(y.chunks_exact_mut(self.outputs), &cuts);
        team::for_each(bands.into_iter().enumerate(), |(band, mut y)| {
            let unit = TileUnit::of(self.format).expect("the precision was checked");
            let width = y.first().map_or(0, |row| row.len());
            let first = band * band_panels;
            let panels = first..first + width.div_ceil(PANEL);
            self.band(&unit, panels, packed, &mut |row, column, value| {
                let from = column - first * PANEL;
                let Some(y) = y.get_mut(row) else { return };
                let y = &mut y[from.min(width)..width.min(from + SIDE)];
                if add {
                    super::add(y, &value[..y.len()]);
                } else {
                    y.copy_from_slice(&value[..y.len()]);
                }
            });
        });
    }

    /// Every row by some panels. `write` gets a row's number, the first of 16 columns, and the 16
    /// results.
    ///
    /// While all rows are multiplied with a panel the next one is fetched, each run of rows asking
    /// for its share: left to itself, the processor would load and multiply in turn.
    fn band(
        &self,
        unit: &TileUnit,
        panels: Range<usize>,
        rows: &TiledRows,
        write: &mut impl FnMut(usize, usize, &[f32; SIDE]),
    ) {
        let per_panel = self.format.per_panel(self.inputs);
        let per_block = self.format.per_block(self.inputs);
        let blocks = TileRows::blocks(&rows.tiles, per_block, rows.count);
        let blocks: Vec<TileRows<'_>> = blocks.collect();
        let runs: Vec<&[TileRows<'_>]> = blocks.chunks(self.format.blocks_at_once()).collect();
        let mut sums = [Tile::ZERO; 4];
        for panel in panels {
            let right = &self.tiles[panel * per_panel..][..per_panel];
            for (number, run) in runs.iter().enumerate() {
                let ahead = if runs.len() == 1 {
                    tiles_from(&self.tiles, panel * per_panel + AHEAD, per_panel)
                } else {
                    let share = per_panel.div_ceil(runs.len());
                    tiles_from(&self.tiles, (panel + 1) * per_panel + number * share, share)
                };
                let product = Product { unit, right, ahead };
                let columns = panel * PANEL;
                let first = number * self.format.blocks_at_once() * SIDE;
                match self.format {
                    TileFormat::Bf16 | TileFormat::Bf16x3 => {
                        product.halves(self.format, run, &mut sums, &mut |row, half, values| {
                            write(first + row, columns + half * SIDE, values);
                        });
                    }
                    TileFormat::Int8 | TileFormat::Int16 => {
                        let scale = Scale {
                            of_rows: &rows.scales[first..][..run[0].rows],
                            of_columns: &self.scales[columns..][..PANEL],
                        };
                        let write = &mut |row, half, values: &_| {
                            write(first + row, columns + half * SIDE, values);
                        };
                        product.integers(self.format, run[0], &scale, &mut sums, write);
                    }
                }
            }
        }
    }
}

/// At most so many tiles from a place on, if there are any.
fn tiles_from(tiles: &[Tile], start: usize, len: usize) -> &[Tile] {
    let start = start.min(tiles.len());
    &tiles[start..tiles.len().min(start + len)]
}

/// Some rows by one panel.
struct Product<'a> {
    unit: &'a TileUnit,
    right: &'a [Tile],
    /// What is asked for meanwhile.
    ahead: &'a [Tile],
}

impl Product<'_> {
    /// One or two blocks of rows in `bf16`. `write` gets a row's number from the first block on,
    /// the half of the columns, and the 16 results.
    fn halves(
        &self,
        format: TileFormat,
        blocks: &[TileRows<'_>],
        sums: &mut [Tile; 4],
        write: &mut impl FnMut(usize, usize, &[f32; SIDE]),
    ) {
        let both = [blocks[0], blocks[blocks.len() - 1]];
        if format == TileFormat::Bf16 {
            self.unit
                .bf16(both, self.right, sums, Start::Zero, self.ahead);
        } else {
            self.unit
                .bf16x3(both, self.right, sums, Start::Zero, self.ahead);
        }
        for (at, sum) in sums.iter().enumerate().take(2 * blocks.len()) {
            let (values, _) = bytemuck::cast_slice(&sum.0).as_chunks::<SIDE>();
            for (row, values) in values.iter().take(blocks[at / 2].rows).enumerate() {
                write(at / 2 * SIDE + row, at % 2, values);
            }
        }
    }

    /// One block of rows in whole numbers.
    fn integers(
        &self,
        format: TileFormat,
        block: TileRows<'_>,
        scale: &Scale<'_>,
        sums: &mut [Tile; 4],
        write: &mut impl FnMut(usize, usize, &[f32; SIDE]),
    ) {
        if format == TileFormat::Int8 {
            self.unit.int8(block, self.right, sums, self.ahead);
            for half in 0..2 {
                let weighted = [(&sums[half], 256.0), (&sums[2 + half], 1.0)];
                scale.combine(half, &weighted, &mut |row, values| write(row, half, values));
            }
        } else {
            let shares = self.ahead.split_at(self.ahead.len() / 2);
            for (half, ahead) in [shares.0, shares.1].into_iter().enumerate() {
                self.unit.int16(block, self.right, half, sums, ahead);
                let weighted = [
                    (&sums[0], 16_777_216.0),
                    (&sums[1], 65_536.0),
                    (&sums[2], 256.0),
                ];
                scale.combine(half, &weighted, &mut |row, values| write(row, half, values));
            }
        }
    }
}

/// What turns the whole numbers of a block of rows and 32 columns back.
struct Scale<'a> {
    of_rows: &'a [f32],
    of_columns: &'a [f32],
}

impl Scale<'_> {
    /// The weighted sum of tiles of whole numbers of one half of the columns, scaled, row by row.
    fn combine<const N: usize>(
        &self,
        half: usize,
        weighted: &[(&Tile, f32); N],
        write: &mut impl FnMut(usize, &[f32; SIDE]),
    ) {
        let mut result = [[0.0f32; SIDE]; SIDE];
        let of_columns = &self.of_columns[half * SIDE..][..SIDE];
        combine(self.of_rows, of_columns, weighted, &mut result);
        for (row, values) in result.iter().take(self.of_rows.len()).enumerate() {
            write(row, values);
        }
    }
}

/// The weighted sum of tiles, every element times the scales of its row and column.
#[pulp::with_simd(combine = Arch::new())]
#[inline(always)]
fn combine_with<'a, S: Simd>(
    _: S,
    of_rows: &'a [f32],
    of_columns: &'a [f32],
    weighted: &'a [(&'a Tile, f32)],
    result: &'a mut [[f32; SIDE]; SIDE],
) {
    for (row, (result, scale)) in result.iter_mut().zip(of_rows).enumerate() {
        for (tile, weight) in weighted {
            let whole: &[i32] = bytemuck::cast_slice(&tile.0[row * SIDE..][..SIDE]);
            for (result, whole) in result.iter_mut().zip(whole) {
                *result += *whole as f32 * weight;
            }
        }
        for (result, column) in result.iter_mut().zip(of_columns) {
            *result *= column * scale;
        }
    }
}

impl TiledRows {
    /// Replaces the rows by those of `x` (M, in).
    fn repack(&mut self, format: TileFormat, x: &[f32], inputs: usize) {
        let rows = x.len() / inputs;
        self.count = rows;
        let blocks = rows.div_ceil(SIDE);
        let per_block = format.per_block(inputs);
        // What is past the last row belongs to no result.
        reserve(&mut self.tiles, blocks * per_block);
        reserve(&mut self.scales, blocks * SIDE);
        let blocks = self.tiles.chunks_exact_mut(per_block);
        let tasks = blocks
            .zip(self.scales.chunks_exact_mut(SIDE))
            .zip(x.chunks(SIDE * inputs));
        team::for_each(tasks, |((tiles, scales), x)| {
            if let Some(layout) = format.layout(Side::Left, inputs) {
                return Source::rows(Matrix::new(x, inputs)).pack(layout, tiles);
            }
            let mut digits = vec![0; inputs];
            for (row, (x, scale)) in x.chunks_exact(inputs).zip(scales).enumerate() {
                *scale = quantize(x, format.row_planes(), &mut digits);
                write_integer_row(tiles, row, format, &digits);
            }
        });
    }
}

/// Rounds a row to whole numbers that fit so many planes; returns what a whole number is worth.
/// That is not a number if one of the row is not, so that no result looks sound.
#[pulp::with_simd(quantize = Arch::new())]
#[inline(always)]
fn quantize_with<'a, S: Simd>(_: S, row: &'a [f32], planes: usize, digits: &'a mut [i32]) -> f32 {
    let largest = LARGEST[planes - 1];
    let (lanes, rest) = row.as_chunks::<SIDE>();
    let (mut most, mut sums) = ([0.0f32; SIDE], [0.0f32; SIDE]);
    for values in lanes {
        for lane in 0..SIDE {
            most[lane] = most[lane].max(values[lane].abs());
            sums[lane] += values[lane] * 0.0; // 0, or not a number
        }
    }
    let all = || most.iter().chain(rest);
    let most = all().fold(0.0f32, |most, value| most.max(value.abs()));
    let sum: f32 = sums.iter().chain(rest).map(|value| value * 0.0).sum();
    if most == 0.0 || most.is_infinite() || sum != 0.0 || sum.is_nan() {
        digits.fill(0);
        return if most == 0.0 && sum == 0.0 {
            0.0
        } else {
            f32::NAN
        };
    }
    let scale = most / largest;
    for (value, digit) in row.iter().zip(digits) {
        // No value is larger than the scale allows for.
        *digit = (value / scale).round_ties_even() as i32;
    }
    scale
}

/// The highest 8-bit digit and the rest; both are signed.
#[inline(always)]
fn split_digit(whole: i32) -> (i32, i8) {
    let high = (whole + 128) >> 8;
    (high, (whole - (high << 8)) as i8)
}

#[pulp::with_simd(write_integer_row = Arch::new())]
#[inline(always)]
fn write_integer_row_with<'a, S: Simd>(
    _: S,
    tiles: &'a mut [Tile],
    row: usize,
    format: TileFormat,
    digits: &'a [i32],
) {
    let planes = format.row_planes();
    for (tiles, digits) in tiles.chunks_exact_mut(planes).zip(digits.chunks(64)) {
        let mut rest = [0; 64];
        rest[..digits.len()].copy_from_slice(digits);
        for tile in tiles.iter_mut().rev() {
            let bytes = &mut bytemuck::cast_slice_mut::<u32, i8>(&mut tile.0)[row * 64..][..64];
            for (byte, rest) in bytes.iter_mut().zip(&mut rest) {
                (*rest, *byte) = split_digit(*rest);
            }
        }
    }
}

/// A column of a panel: 4 bytes of each row of a tile.
#[derive(Clone, Copy)]
struct Column {
    format: TileFormat,
    /// Which 16 columns of the panel.
    half: usize,
    /// Which of them.
    lane: usize,
}

impl Column {
    /// The tiles of the column in one step, a plane after the other.
    fn planes(self, tiles: &mut [Tile]) -> impl Iterator<Item = &mut Tile> {
        tiles.iter_mut().skip(self.half).step_by(2)
    }

    fn write_integers(self, tiles: &mut [Tile], digits: &[i32]) {
        let per_step = 2 * self.format.weight_planes();
        for (tiles, digits) in tiles.chunks_exact_mut(per_step).zip(digits.chunks(64)) {
            let mut rest = digits.to_vec();
            let mut planes: Vec<&mut Tile> = self.planes(tiles).collect();
            for tile in planes.iter_mut().rev() {
                let tile = bytemuck::cast_slice_mut::<u32, i8>(&mut tile.0);
                for (at, rest) in rest.iter_mut().enumerate() {
                    let byte = &mut tile[at / 4 * 64 + 4 * self.lane + at % 4];
                    (*rest, *byte) = split_digit(*rest);
                }
            }
        }
    }
}
