//! Products of tiles with AVX-512, for processors that have its instructions for `bf16` or for
//! whole numbers (VNNI), and no AMX.
//!
//! A row of a tile of the right side is one register: 16 columns, of each the inputs that one
//! instruction multiplies. The sums of a few rows of the left side stay in registers too. A row's
//! sums have one order, so its bits do not depend on the other rows.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "a function for an instruction set may be called only where the processor has it"
    )
)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(
        unused,
        reason = "other processors have no AVX-512, so nothing is called"
    )
)]

#[cfg(target_arch = "x86_64")]
mod instructions;

use std::ops::Range;

use super::tile::{SIDE, Start, Tile, TileRows};

/// Rows whose sums stay in registers: two sums of a row in `bf16`, four or three in whole numbers.
const ROWS_OF_BF16: usize = 8;
const ROWS_OF_INT8: usize = 6;
const ROWS_OF_INT16: usize = 8;

/// Whether the processor multiplies `bf16`.
pub(crate) fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Whether it multiplies bytes.
pub(crate) fn has_integers() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Calls a function for as many rows as a range has.
macro_rules! for_rows {
    ($rows:expr, [$($height:literal)+], $function:ident $arguments:tt) => {
        match $rows.len() {
            $($height => for_rows!(@call $function $height $arguments),)+
            other => unreachable!("a group has a few rows, not {other}"),
        }
    };
    (@call $function:ident $height:literal ($($argument:expr),+)) => {
        instructions::$function::<$height>($($argument),+)
    };
}

/// A block of rows by 32 columns; see `TileUnit::bf16`. The two sums are those of the left and of
/// the right 16 columns.
pub(crate) fn bf16(left: TileRows<'_>, right: &[Tile], sums: &mut [Tile; 2], start: Start) {
    let (right, rest) = right.as_chunks::<2>();
    assert!(has_bf16() && right.len() == left.tiles.len() && rest.is_empty());
    for rows in groups(left.rows, ROWS_OF_BF16) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions, by the assertion.
        unsafe {
            for_rows!(
                rows,
                [1 2 3 4 5 6 7 8],
                bf16(left.tiles, rows.start, right, sums, start)
            );
        }
    }
}

/// A block of rows by 32 columns; see `TileUnit::int8`.
pub(crate) fn int8(left: TileRows<'_>, right: &[Tile], sums: &mut [Tile; 4]) {
    let (tiles, rest) = left.tiles.as_chunks::<2>();
    let (right, right_rest) = right.as_chunks::<2>();
    assert!(has_integers() && right.len() == tiles.len());
    assert!(rest.is_empty() && right_rest.is_empty());
    for rows in groups(left.rows, ROWS_OF_INT8) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions, by the assertion.
        unsafe {
            for_rows!(
                rows,
                [1 2 3 4 5 6],
                int8(tiles, rows.start, right, sums)
            );
        }
    }
}

/// A block of rows by one half of 32 columns; see `TileUnit::int16`.
pub(crate) fn int16(left: TileRows<'_>, right: &[Tile], half: usize, sums: &mut [Tile; 4]) {
    let (tiles, rest) = left.tiles.as_chunks::<3>();
    let (right, right_rest) = right.as_chunks::<4>();
    assert!(has_integers() && right.len() == tiles.len() && half < 2);
    assert!(rest.is_empty() && right_rest.is_empty());
    for rows in groups(left.rows, ROWS_OF_INT16) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions, by the assertion.
        unsafe {
            for_rows!(
                rows,
                [1 2 3 4 5 6 7 8],
                int16(tiles, rows.start, right, half, sums)
            );
        }
    }
}

/// Groups of nearly equal size, of at most `most` rows.
fn groups(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    debug_assert!(rows <= SIDE);
    let count = rows.div_ceil(most);
    (0..count).map(move |group| group * rows / count..(group + 1) * rows / count)
}
