//! What this machine can do at most: the yardstick of a benchmark.

#![expect(
    clippy::inline_always,
    reason = "a loop must be compiled with the instruction set it runs on"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::Serialize;

use crate::kernels::tile::{SIDE, Start, Tile, TileRows};
use crate::kernels::tile_format::TileFormat;
use crate::kernels::tile_unit::TileUnit;

/// How long each peak is measured, several times over.
const MEASURED: Duration = Duration::from_millis(60);
/// How often; the best counts.
const ROUNDS: usize = 5;
/// Numbers that are read for the memory's peak, per thread: 128 MiB, more than caches hold.
const READ: usize = 1 << 25;

/// What all threads reach together.
#[derive(Debug, Clone, Serialize)]
pub struct Peaks {
    /// How many threads.
    #[serde(skip)]
    pub threads: usize,
    /// Additions and multiplications of `f32` per second.
    pub f32_flops_per_second: f64,
    /// The same of `bf16`; none without Intel AMX or AVX-512 BF16.
    pub bf16_tile_flops_per_second: Option<f64>,
    /// Bytes read from memory per second.
    pub bytes_per_second: f64,
}

impl Peaks {
    /// Measures them; takes about a second.
    pub fn measure() -> Self {
        Self {
            threads: rayon::current_num_threads(),
            f32_flops_per_second: best(|| Arch::new().dispatch(MultiplyAdd)),
            bf16_tile_flops_per_second: TileUnit::of(TileFormat::Bf16)
                .is_some()
                .then(|| best(tile_products)),
            bytes_per_second: read_bandwidth(),
        }
    }
}

/// The most work per second in some rounds. `work` does some and says how much.
fn best(work: fn() -> f64) -> f64 {
    let round = || -> f64 {
        let start = Instant::now();
        let done: f64 = (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map(|_| {
                let mut done = 0.0;
                while start.elapsed() < MEASURED {
                    done += work();
                }
                done
            })
            .sum();
        done / start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(0.0, f64::max)
}

/// Chains of multiply-adds in registers.
struct MultiplyAdd;

impl WithSimd for MultiplyAdd {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        const CHAINS: usize = 12;
        const STEPS: usize = 20_000;
        let (x, y) = (
            simd.splat_f32s(black_box(0.999)),
            simd.splat_f32s(black_box(1e-3)),
        );
        let mut sums = [simd.splat_f32s(0.5); CHAINS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, x, y);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
        (2 * STEPS * CHAINS * S::F32_LANES) as f64
    }
}

/// Products of tiles that lie in the cache.
fn tile_products() -> f64 {
    const STEPS: usize = 8;
    const TIMES: usize = 200;
    let Some(unit) = TileUnit::of(TileFormat::Bf16) else {
        return 0.0;
    };
    let (upper, lower) = ([Tile::ZERO; STEPS], [Tile::ZERO; STEPS]);
    let right = [Tile::ZERO; 2 * STEPS];
    let mut sums = [Tile::ZERO; 4];
    let blocks = [&upper, &lower].map(|tiles| TileRows { tiles, rows: SIDE });
    for _ in 0..TIMES {
        unit.bf16(blocks, &right, &mut sums, Start::Zero, &[]);
    }
    black_box(&sums);
    // Four products of 16 rows, 16 columns and 32 inputs in each step.
    (TIMES * STEPS * 4 * 16 * 16 * 32 * 2) as f64
}

fn read_bandwidth() -> f64 {
    let threads = rayon::current_num_threads();
    let values = vec![1u32; READ * threads];
    let round = || {
        let start = Instant::now();
        let sum: u64 = values
            .par_chunks_exact(READ)
            .with_max_len(1)
            .map(|values| Arch::new().dispatch(|| sum(values)))
            .sum();
        black_box(sum);
        (4 * values.len()) as f64 / start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(0.0, f64::max)
}

#[inline(always)]
fn sum(values: &[u32]) -> u64 {
    let (lanes, _) = values.as_chunks::<64>();
    let mut sums = [0u32; 64];
    for values in lanes {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.wrapping_add(*value);
        }
    }
    sums.iter().copied().map(u64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_of_the_size_of_machines() {
        let peaks = Peaks::measure();
        assert!(
            (1e8..1e16).contains(&peaks.f32_flops_per_second),
            "{peaks:?}"
        );
        assert!((1e7..1e14).contains(&peaks.bytes_per_second), "{peaks:?}");
        if let Some(tiles) = peaks.bf16_tile_flops_per_second {
            assert!(tiles > peaks.f32_flops_per_second / 4.0, "{peaks:?}");
        }
    }
}
