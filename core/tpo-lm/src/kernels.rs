//! The arithmetic: products, norms, RoPE, attention, the gated unit, softmax; each with its
//! gradient.
//!
//! Kernels are functions from `f32` slices to `f32` slices, without models, layers or tensor names.
//! Rayon tasks write disjoint rows, and every sum has a fixed order, so a result is the same in
//! every run with the same number of threads.
//!
//! A gradient is a vector-Jacobian product (vjp): from the derivative of the loss by the output
//! (`d_y`), it computes the derivative by the inputs (`d_x`).
//!
//! A loop over numbers is a function of its own under [`pulp::with_simd`], compiled for every
//! instruction set. A closure given to [`Arch::dispatch`] is not: the compiler rarely inlines it.
#![expect(
    clippy::inline_always,
    reason = "a loop must be compiled with the instruction set it runs on"
)]
#![expect(
    clippy::needless_lifetimes,
    reason = "the attribute of pulp asks for explicit lifetimes"
)]

use pulp::{Arch, Simd};
use rayon::prelude::*;

mod amx;
pub(crate) mod attention;
mod avx512;
pub(crate) mod embedding;
pub(crate) mod exp;
pub(crate) mod gemm;
pub(crate) mod glu;
pub(crate) mod halves;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod packed_matrix;
pub(crate) mod panel;
pub(crate) mod rope;
pub(crate) mod softmax;
pub(crate) mod team;
pub(crate) mod tile;
pub(crate) mod tile_format;
pub(crate) mod tile_product;
pub(crate) mod tile_unit;
pub(crate) mod tiled;

/// Minimum number of rows per task: with fewer, scheduling costs more than the work.
pub(crate) const ROWS_PER_TASK: usize = 16;

/// Rows in groups that are worth a task, for [`team::for_each`].
pub(crate) fn row_tasks<T>(rows: &[T], width: usize) -> impl Iterator<Item = &[T]> {
    rows.chunks(ROWS_PER_TASK * width)
}

/// The same, to be written.
pub(crate) fn row_tasks_mut<T>(rows: &mut [T], width: usize) -> impl Iterator<Item = &mut [T]> {
    rows.chunks_mut(ROWS_PER_TASK * width)
}

/// Makes a buffer `len` values long, whatever they are. Its memory is kept if it is large enough:
/// fresh memory costs more time than most of what is written to it.
pub(crate) fn reserve<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) {
    if len > buffer.capacity() {
        // What is there is not copied, and freed before more is taken. The next pack may be a bit
        // larger, and memory that is never touched costs nothing.
        *buffer = Vec::new();
        *buffer = Vec::with_capacity(len + len / 2);
    }
    buffer.resize(len, T::default());
}

/// The sum of products of two vectors, in a fixed order that the compiler can turn into vector
/// instructions.
#[pulp::with_simd(dot = Arch::new())]
#[inline(always)]
pub(crate) fn dot_with<'a, S: Simd>(_: S, a: &'a [f32], b: &'a [f32]) -> f32 {
    const LANES: usize = 16;
    debug_assert_eq!(a.len(), b.len());
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// `y += x`.
#[pulp::with_simd(add = Arch::new())]
#[inline(always)]
pub(crate) fn add_with<'a, S: Simd>(_: S, y: &'a mut [f32], x: &'a [f32]) {
    debug_assert_eq!(y.len(), x.len());
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

/// `rows += vector`, to every row. `rows` is (T, width), `vector` is (width).
pub(crate) fn add_to_rows(rows: &mut [f32], vector: &[f32]) {
    rows.par_chunks_exact_mut(vector.len())
        .with_min_len(ROWS_PER_TASK)
        .for_each(|row| add(row, vector));
}

/// `vector += sum over rows`: the gradient of [`add_to_rows`] by its vector. One thread, for a
/// fixed order.
pub(crate) fn add_rows(vector: &mut [f32], rows: &[f32]) {
    for row in rows.chunks_exact(vector.len()) {
        add(vector, row);
    }
}
