//! Tiles: what products in formats of fewer bits than `f32` are made of, 16 rows of 64 bytes.

/// 1 KiB: 16 rows of 64 bytes.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile(pub [u32; 256]);

impl Tile {
    pub(crate) const ZERO: Self = Self([0; 256]);
}

/// What a sum of products starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// 0.
    Zero,
    /// What is there.
    Resumed,
}

impl Default for Tile {
    fn default() -> Self {
        Self::ZERO
    }
}

/// Rows of a tile of the left side, and columns of one of the right side and of a sum.
pub(crate) const SIDE: usize = 16;
/// Bytes from one row of a tile to the next, in memory.
pub(crate) const ROW: usize = 64;

/// Up to 16 rows of the left side, packed into tiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileRows<'a> {
    /// One after the other, step by step.
    pub tiles: &'a [Tile],
    /// How many rows count; the others of a tile are whatever was there.
    pub rows: usize,
}

impl<'a> TileRows<'a> {
    /// Blocks of 16 of `rows` rows, each in so many tiles; the last has fewer.
    pub(super) fn blocks(
        tiles: &'a [Tile],
        per_block: usize,
        rows: usize,
    ) -> impl Iterator<Item = Self> {
        tiles
            .chunks_exact(per_block)
            .zip((0..rows).step_by(SIDE))
            .map(move |(tiles, first)| Self {
                tiles,
                rows: SIDE.min(rows - first),
            })
    }
}
