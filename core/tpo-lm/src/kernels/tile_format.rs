//! Formats of numbers in tiles: how many planes they have, and where these are.

use super::halves::{Halves, Side, TileLayout};

/// A format of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TileFormat {
    Bf16,
    Bf16x3,
    Int16,
    Int8,
}

impl TileFormat {
    /// The format of numbers with these halves.
    pub(super) fn of(halves: Halves) -> Self {
        match halves {
            Halves::One => Self::Bf16,
            Halves::Two => Self::Bf16x3,
        }
    }

    /// Inputs of one tile.
    pub(super) fn step(self) -> usize {
        match self {
            Self::Bf16 | Self::Bf16x3 => 32,
            Self::Int16 | Self::Int8 => 64,
        }
    }

    /// Planes of a weight.
    pub(super) fn weight_planes(self) -> usize {
        match self {
            Self::Bf16 | Self::Int8 => 1,
            Self::Bf16x3 | Self::Int16 => 2,
        }
    }

    /// Planes of an activation.
    pub(super) fn row_planes(self) -> usize {
        match self {
            Self::Bf16 => 1,
            Self::Bf16x3 | Self::Int8 => 2,
            Self::Int16 => 3,
        }
    }

    /// Blocks of 16 rows that are multiplied with a panel at once.
    pub(super) fn blocks_at_once(self) -> usize {
        match self {
            Self::Bf16 | Self::Bf16x3 => 2,
            Self::Int16 | Self::Int8 => 1,
        }
    }

    /// The halves of its numbers; none of whole numbers.
    pub(super) fn halves(self) -> Option<Halves> {
        match self {
            Self::Bf16 => Some(Halves::One),
            Self::Bf16x3 => Some(Halves::Two),
            Self::Int16 | Self::Int8 => None,
        }
    }

    /// Steps of a row.
    pub(super) fn steps(self, inputs: usize) -> usize {
        inputs.div_ceil(self.step())
    }

    /// Tiles of 32 columns.
    pub(super) fn per_panel(self, inputs: usize) -> usize {
        self.steps(inputs) * self.weight_planes() * 2
    }

    /// Tiles of 16 rows.
    pub(super) fn per_block(self, inputs: usize) -> usize {
        self.steps(inputs) * self.row_planes()
    }

    /// Where the tiles of a side are; none of whole numbers.
    pub(super) fn layout(self, side: Side, inputs: usize) -> Option<TileLayout> {
        Some(TileLayout {
            side,
            steps: self.steps(inputs),
            halves: self.halves()?,
        })
    }
}
