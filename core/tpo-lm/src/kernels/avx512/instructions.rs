//! The loops over tiles, for `R` rows of the left side from `first` on.
#![expect(
    unsafe_code,
    reason = "a row of a tile becomes a register, for which there is no safe conversion"
)]

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_reduce_add_epi32,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_xor_si512,
};
use std::mem::transmute;

use super::super::tile::{SIDE, Start, Tile};

/// A row of a tile: 64 bytes.
type Line = [u32; SIDE];

/// `R` rows by 32 columns in `bf16`.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) fn bf16<const R: usize>(
    left: &[Tile],
    first: usize,
    right: &[[Tile; 2]],
    sums: &mut [Tile; 2],
    start: Start,
) {
    let mut totals = [[_mm512_setzero_ps(); 2]; R];
    if start == Start::Resumed {
        for (row, totals) in totals.iter_mut().enumerate() {
            for (total, sum) in totals.iter_mut().zip(&*sums) {
                *total = floats(&lines(sum)[first + row]);
            }
        }
    }
    for (left, right) in left.iter().zip(right) {
        let rows: &[Line; R] = some_lines(left, first);
        let columns = [lines(&right[0]), lines(&right[1])];
        for pair in 0..SIDE {
            let w = [halves(&columns[0][pair]), halves(&columns[1][pair])];
            for (totals, row) in totals.iter_mut().zip(rows) {
                let x = halves(&[row[pair]; SIDE]);
                totals[0] = _mm512_dpbf16_ps(totals[0], x, w[0]);
                totals[1] = _mm512_dpbf16_ps(totals[1], x, w[1]);
            }
        }
    }
    for (row, totals) in totals.iter().enumerate() {
        for (total, sum) in totals.iter().zip(&mut *sums) {
            // SAFETY: both are 64 bytes of numbers.
            lines_mut(sum)[first + row] = unsafe { transmute::<__m512, Line>(*total) };
        }
    }
}

/// `R` rows in two planes by 32 columns in one.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn int8<const R: usize>(
    left: &[[Tile; 2]],
    first: usize,
    right: &[[Tile; 2]],
    sums: &mut [Tile; 4],
) {
    let high = excess::<R>(left.iter().map(|planes| &planes[0]), first);
    let low = excess::<R>(left.iter().map(|planes| &planes[1]), first);
    let mut totals = [[_mm512_setzero_si512(); 4]; R];
    for (row, totals) in totals.iter_mut().enumerate() {
        let [high, low] = [high[row], low[row]].map(|excess| _mm512_set1_epi32(-excess));
        *totals = [high, high, low, low];
    }
    for (left, right) in left.iter().zip(right) {
        let rows: [&[Line; R]; 2] = [some_lines(&left[0], first), some_lines(&left[1], first)];
        let columns = [lines(&right[0]), lines(&right[1])];
        for quad in 0..SIDE {
            let w = [unsigned(&columns[0][quad]), unsigned(&columns[1][quad])];
            for (row, totals) in totals.iter_mut().enumerate() {
                let x = [rows[0][row][quad], rows[1][row][quad]];
                let [high, low] = x.map(|four| _mm512_set1_epi32(four as i32));
                totals[0] = _mm512_dpbusd_epi32(totals[0], w[0], high);
                totals[1] = _mm512_dpbusd_epi32(totals[1], w[1], high);
                totals[2] = _mm512_dpbusd_epi32(totals[2], w[0], low);
                totals[3] = _mm512_dpbusd_epi32(totals[3], w[1], low);
            }
        }
    }
    write(&totals, first, sums);
}

/// `R` rows in three planes by one half of 32 columns in two.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn int16<const R: usize>(
    left: &[[Tile; 3]],
    first: usize,
    right: &[[Tile; 4]],
    half: usize,
    sums: &mut [Tile; 4],
) {
    let high = excess::<R>(left.iter().map(|planes| &planes[0]), first);
    let middle = excess::<R>(left.iter().map(|planes| &planes[1]), first);
    let low = excess::<R>(left.iter().map(|planes| &planes[2]), first);
    let mut totals = [[_mm512_setzero_si512(); 3]; R];
    for (row, totals) in totals.iter_mut().enumerate() {
        // A plane is multiplied with both planes of the weights, but for the lowest.
        let of_sums = [high[row], high[row] + middle[row], middle[row] + low[row]];
        *totals = of_sums.map(|excess| _mm512_set1_epi32(-excess));
    }
    for (left, right) in left.iter().zip(right) {
        let rows: [&[Line; R]; 3] = [
            some_lines(&left[0], first),
            some_lines(&left[1], first),
            some_lines(&left[2], first),
        ];
        let columns = [lines(&right[half]), lines(&right[2 + half])];
        for quad in 0..SIDE {
            let [w_high, w_low] = [unsigned(&columns[0][quad]), unsigned(&columns[1][quad])];
            for (row, totals) in totals.iter_mut().enumerate() {
                let x = [rows[0][row][quad], rows[1][row][quad], rows[2][row][quad]];
                let [high, middle, low] = x.map(|four| _mm512_set1_epi32(four as i32));
                totals[0] = _mm512_dpbusd_epi32(totals[0], w_high, high);
                totals[1] = _mm512_dpbusd_epi32(totals[1], w_low, high);
                totals[1] = _mm512_dpbusd_epi32(totals[1], w_high, middle);
                totals[2] = _mm512_dpbusd_epi32(totals[2], w_low, middle);
                totals[2] = _mm512_dpbusd_epi32(totals[2], w_high, low);
            }
        }
    }
    write(&totals, first, sums);
}

/// What the products of `R` rows of a plane are too large by. The instruction multiplies signed
/// with unsigned bytes, so 128 is added to every weight: that makes 128 times the row's sum.
#[target_feature(enable = "avx512f,avx512vnni")]
fn excess<'a, const R: usize>(plane: impl Iterator<Item = &'a Tile>, first: usize) -> [i32; R] {
    let added = _mm512_set1_epi8(i8::MIN);
    let mut totals = [_mm512_setzero_si512(); R];
    for tile in plane {
        let rows: &[Line; R] = some_lines(tile, first);
        for (total, row) in totals.iter_mut().zip(rows) {
            *total = _mm512_dpbusd_epi32(*total, added, whole(row));
        }
    }
    let mut excess = [0; R];
    for (excess, total) in excess.iter_mut().zip(totals) {
        *excess = _mm512_reduce_add_epi32(total);
    }
    excess
}

/// Signed bytes, each with 128 added.
#[target_feature(enable = "avx512f")]
fn unsigned(line: &Line) -> __m512i {
    _mm512_xor_si512(whole(line), _mm512_set1_epi8(i8::MIN))
}

#[target_feature(enable = "avx512f")]
fn write<const R: usize, const N: usize>(
    totals: &[[__m512i; N]; R],
    first: usize,
    sums: &mut [Tile; 4],
) {
    for (row, totals) in totals.iter().enumerate() {
        for (total, sum) in totals.iter().zip(&mut *sums) {
            // SAFETY: both are 64 bytes of numbers.
            lines_mut(sum)[first + row] = unsafe { transmute::<__m512i, Line>(*total) };
        }
    }
}

#[target_feature(enable = "avx512f")]
fn whole(line: &Line) -> __m512i {
    // SAFETY: both are 64 bytes of numbers.
    unsafe { transmute::<Line, __m512i>(*line) }
}

#[target_feature(enable = "avx512f")]
fn halves(line: &Line) -> __m512bh {
    // SAFETY: both are 64 bytes of numbers.
    unsafe { transmute::<Line, __m512bh>(*line) }
}

#[target_feature(enable = "avx512f")]
fn floats(line: &Line) -> __m512 {
    // SAFETY: both are 64 bytes of numbers.
    unsafe { transmute::<Line, __m512>(*line) }
}

#[inline(always)]
fn lines(tile: &Tile) -> &[Line; SIDE] {
    pulp::bytemuck::cast_ref(&tile.0)
}

#[inline(always)]
fn lines_mut(tile: &mut Tile) -> &mut [Line; SIDE] {
    pulp::bytemuck::cast_mut(&mut tile.0)
}

/// `R` rows of a tile.
#[inline(always)]
fn some_lines<const R: usize>(tile: &Tile, first: usize) -> &[Line; R] {
    lines(tile)[first..]
        .first_chunk()
        .expect("a tile has the rows of its block")
}
