//! What multiplies tiles on this machine: Intel AMX, or AVX-512 on the same tiles.
//!
//! Whole numbers have the same sums on both; sums of `bf16` differ in their last bits.

use super::tile::{Start, Tile, TileRows};
use super::tile_format::TileFormat;
use super::{amx, avx512};

/// What multiplies tiles.
pub(crate) enum TileUnit {
    /// Intel AMX.
    Amx(amx::Tiles),
    /// The instructions of AVX-512 for `bf16`, or those for whole numbers (VNNI).
    Avx512,
}

/// Why this machine cannot multiply tiles of a format; none if it can.
pub(crate) fn missing(format: TileFormat) -> Option<&'static str> {
    let without_amx = amx::missing()?;
    match format {
        TileFormat::Bf16x3 => Some(without_amx),
        TileFormat::Bf16 => {
            (!avx512::has_bf16()).then_some("the processor has neither AMX nor AVX-512 with BF16")
        }
        TileFormat::Int16 | TileFormat::Int8 => (!avx512::has_integers())
            .then_some("the processor has neither AMX nor AVX-512 with VNNI"),
    }
}

impl TileUnit {
    /// The unit for a format on this machine; none if there is none.
    pub(crate) fn of(format: TileFormat) -> Option<Self> {
        if missing(format).is_some() {
            return None;
        }
        Some(amx::Tiles::configure().map_or(Self::Avx512, Self::Amx))
    }

    /// Its instruction set, as part of an engine's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Amx(_) => "amx",
            Self::Avx512 => "avx512",
        }
    }

    /// `left x right` for two blocks of rows and 32 columns, in `bf16`: the four sums are those of
    /// the first rows with the left and right 16 columns, then of the second rows. Each step has
    /// one tile of a block, and two of the columns. Both blocks may be the same. `ahead` will be
    /// needed next.
    pub(crate) fn bf16(
        &self,
        left: [TileRows<'_>; 2],
        right: &[Tile],
        sums: &mut [Tile; 4],
        start: Start,
        ahead: &[Tile],
    ) {
        match self {
            Self::Amx(amx) => amx.bf16(left.map(|block| block.tiles), right, sums, start, ahead),
            Self::Avx512 => {
                let ([upper, lower], []) = sums.as_chunks_mut::<2>() else {
                    unreachable!("four sums are two by two");
                };
                avx512::bf16(left[0], right, upper, start);
                if !std::ptr::eq(left[0].tiles, left[1].tiles) {
                    avx512::bf16(left[1], right, lower, start);
                }
            }
        }
    }

    /// The same, where every number is the sum of a high and a low `bf16`: with AMX only.
    pub(crate) fn bf16x3(
        &self,
        left: [TileRows<'_>; 2],
        right: &[Tile],
        sums: &mut [Tile; 4],
        start: Start,
        ahead: &[Tile],
    ) {
        let Self::Amx(amx) = self else {
            unreachable!("three products are slower than one of `f32`, so no unit is given out");
        };
        amx.bf16x3(left.map(|block| block.tiles), right, sums, start, ahead);
    }

    /// `left x right` in whole numbers, for a block of rows in two planes and 32 columns in one:
    /// the sums are those of the high plane with the left and right 16 columns, then of the low
    /// plane. Each step has a high and a low tile of the rows, and two of the columns.
    pub(crate) fn int8(
        &self,
        left: TileRows<'_>,
        right: &[Tile],
        sums: &mut [Tile; 4],
        ahead: &[Tile],
    ) {
        match self {
            Self::Amx(amx) => amx.int8(left.tiles, right, sums, ahead),
            Self::Avx512 => avx512::int8(left, right, sums),
        }
    }

    /// `left x right` in whole numbers, for a block of rows in three planes and 16 columns in two:
    /// the sums are those of products that weigh 2^24, 2^16 and 2^8; the product of both lowest
    /// planes is left out. Each step has three tiles of the rows; of the columns it has four, the
    /// high ones of two halves and the low ones, and `half` says which.
    pub(crate) fn int16(
        &self,
        left: TileRows<'_>,
        right: &[Tile],
        half: usize,
        sums: &mut [Tile; 4],
        ahead: &[Tile],
    ) {
        match self {
            Self::Amx(amx) => amx.int16(left.tiles, right, half, sums, ahead),
            Self::Avx512 => avx512::int16(left, right, half, sums),
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::bytemuck;

    use super::super::tile::SIDE;
    use super::*;
    use crate::rng::Counter;

    /// Every unit that this machine has for a format.
    fn units(format: TileFormat) -> Vec<TileUnit> {
        let mut units: Vec<TileUnit> = amx::Tiles::configure()
            .map(TileUnit::Amx)
            .into_iter()
            .collect();
        let has_vectors = match format {
            TileFormat::Bf16 => avx512::has_bf16(),
            TileFormat::Bf16x3 => false,
            TileFormat::Int8 | TileFormat::Int16 => avx512::has_integers(),
        };
        units.extend(has_vectors.then_some(TileUnit::Avx512));
        units
    }

    fn random_bytes(tiles: usize, purpose: &str) -> Vec<Tile> {
        let counter = Counter::new(5, purpose);
        let word = |at: usize| (counter.unit(at as u64) * 4_294_967_296.0) as u32;
        (0..tiles)
            .map(|tile| Tile(std::array::from_fn(|at| word(tile * 256 + at))))
            .collect()
    }

    fn random_halves(tiles: usize, purpose: &str) -> Vec<Tile> {
        let counter = Counter::new(6, purpose);
        let half = |at: usize| ((2.0 * counter.unit(at as u64) - 1.0) as f32).to_bits() >> 16;
        let pair = |at: usize| half(2 * at) | half(2 * at + 1) << 16;
        (0..tiles)
            .map(|tile| Tile(std::array::from_fn(|at| pair(tile * 256 + at))))
            .collect()
    }

    /// Row by column of two runs of tiles with bytes, in whole numbers.
    fn whole(left: &[&Tile], right: &[&Tile], row: usize, column: usize) -> i32 {
        let mut sum = 0i32;
        for (left, right) in left.iter().zip(right) {
            let left: &[i8] = bytemuck::cast_slice(&left.0);
            let right: &[i8] = bytemuck::cast_slice(&right.0);
            for input in 0..64 {
                let of_left = left[row * 64 + input];
                let of_right = right[input / 4 * 64 + column * 4 + input % 4];
                sum += i32::from(of_left) * i32::from(of_right);
            }
        }
        sum
    }

    fn every<'a>(tiles: &'a [Tile], step: usize, at: usize) -> Vec<&'a Tile> {
        tiles.iter().skip(at).step_by(step).collect()
    }

    #[test]
    fn whole_numbers_are_exact_on_every_unit() {
        let steps = 3;
        let (rows, weights) = (
            random_bytes(2 * steps, "rows"),
            random_bytes(2 * steps, "w"),
        );
        let (fine, both) = (
            random_bytes(3 * steps, "fine"),
            random_bytes(4 * steps, "both"),
        );
        for unit in units(TileFormat::Int8) {
            for count in 1..=SIDE {
                let mut sums = [Tile::ZERO; 4];
                let block = TileRows {
                    tiles: &rows,
                    rows: count,
                };
                unit.int8(block, &weights, &mut sums, &[]);
                for (at, sum) in sums.iter().enumerate() {
                    let left = every(&rows, 2, at / 2);
                    let right = every(&weights, 2, at % 2);
                    for (row, column) in (0..count).flat_map(|row| [(row, 0), (row, 15)]) {
                        let expected = whole(&left, &right, row, column);
                        assert_eq!(
                            sum.0[row * SIDE + column] as i32,
                            expected,
                            "{}",
                            unit.name()
                        );
                    }
                }
                let block = TileRows {
                    tiles: &fine,
                    rows: count,
                };
                for half in 0..2 {
                    unit.int16(block, &both, half, &mut sums, &[]);
                    let planes = [0, 1, 2].map(|plane| every(&fine, 3, plane));
                    let (high, low) = (every(&both, 4, half), every(&both, 4, 2 + half));
                    let (row, column) = (count - 1, 7);
                    let product =
                        |plane: usize, right: &[&Tile]| whole(&planes[plane], right, row, column);
                    let expected = [
                        product(0, &high),
                        product(0, &low) + product(1, &high),
                        product(1, &low) + product(2, &high),
                    ];
                    for (sum, expected) in sums.iter().zip(expected) {
                        assert_eq!(
                            sum.0[row * SIDE + column] as i32,
                            expected,
                            "{}",
                            unit.name()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn sums_of_bf16_are_near_the_exact_ones_and_resume_on_every_unit() {
        let steps = 5;
        let rows = random_halves(2 * steps, "rows");
        let (upper, lower) = rows.split_at(steps);
        let weights = random_halves(2 * steps, "weights");
        let number = |pair: u32, at: usize| f64::from(f32::from_bits(pair >> (16 * at) << 16));
        for unit in units(TileFormat::Bf16) {
            for count in 1..=SIDE {
                let blocks = |steps: std::ops::Range<usize>| {
                    [(upper, SIDE), (lower, count)].map(|(tiles, rows)| TileRows {
                        tiles: &tiles[steps.clone()],
                        rows,
                    })
                };
                let mut whole = [Tile::ZERO; 4];
                unit.bf16(blocks(0..steps), &weights, &mut whole, Start::Zero, &[]);
                let mut parts = [Tile::ZERO; 4];
                unit.bf16(blocks(0..2), &weights[..4], &mut parts, Start::Zero, &[]);
                unit.bf16(
                    blocks(2..steps),
                    &weights[4..],
                    &mut parts,
                    Start::Resumed,
                    &[],
                );
                for (at, sum) in whole.iter().enumerate() {
                    let (left, rows) = if at < 2 {
                        (upper, SIDE)
                    } else {
                        (lower, count)
                    };
                    for (row, column) in (0..rows).flat_map(|row| [(row, 0), (row, 15)]) {
                        let mut exact = 0.0;
                        for (step, left) in left.iter().enumerate() {
                            let right = &weights[2 * step + at % 2];
                            for (pair, half) in (0..SIDE).flat_map(|pair| [(pair, 0), (pair, 1)]) {
                                exact += number(left.0[row * SIDE + pair], half)
                                    * number(right.0[pair * SIDE + column], half);
                            }
                        }
                        let place = row * SIDE + column;
                        let found = f64::from(f32::from_bits(sum.0[place]));
                        assert!(
                            (found - exact).abs() < 1e-4,
                            "{}: {found} {exact}",
                            unit.name()
                        );
                        assert_eq!(sum.0[place], parts[at].0[place], "{}", unit.name());
                    }
                }
            }
        }
    }
}
