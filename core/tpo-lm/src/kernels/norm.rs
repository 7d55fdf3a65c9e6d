//! RMS norm, over whole rows and over each head of a row, with its gradient.
//!
//! `y = x * r * w` with `r = 1 / sqrt(mean(x^2) + eps)` (Zhang and Sennrich, arXiv 1910.07467).
//! With `n` values in a row its gradient is `d_x = r * (w * d_y - x * r^2 * sum(w * d_y * x) / n)`
//! and `d_w = sum over rows of d_y * x * r`.

use std::ops::Range;

use pulp::{Arch, Simd};
use rayon::prelude::*;

use super::{ROWS_PER_TASK, add, dot, row_tasks, row_tasks_mut, team};

/// Rows per partial sum of `d_w`. Fixed, so the order of the sum is the same on every machine.
const ROWS_PER_PARTIAL_SUM: usize = 64;

/// `r` of one row: its inverse root mean square.
fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt()
}

/// `r^2 * sum(w * d_y * x) / n` of one row.
fn projection_term(x: &[f32], weight: &[f32], d_y: &[f32], r: f32) -> f32 {
    let sum: f32 = x
        .iter()
        .zip(weight)
        .zip(d_y)
        .map(|((x, w), d)| x * w * d)
        .sum();
    r * r * sum / x.len() as f32
}

/// Norms every row. `x` and `y` are (T, D), `inverse` receives each row's `r` (T).
pub(crate) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, y: &mut [f32], inverse: &mut [f32]) {
    let width = weight.len();
    let (ys, xs) = (row_tasks_mut(y, width), row_tasks(x, width));
    let tasks = ys.zip(xs).zip(row_tasks_mut(inverse, 1));
    team::for_each(tasks, |((y, x), inverse)| {
        let rows = y.chunks_exact_mut(width).zip(x.chunks_exact(width));
        for ((y, x), inverse) in rows.zip(inverse) {
            *inverse = inverse_rms(x, eps);
            scale_row(x, *inverse, weight, y);
        }
    });
}

/// `y = x * r * w`.
#[pulp::with_simd(scale_row = Arch::new())]
#[inline(always)]
fn scale_row_with<'a, S: Simd>(_: S, x: &'a [f32], r: f32, weight: &'a [f32], y: &'a mut [f32]) {
    for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
        *y = x * r * w;
    }
}

/// The inputs of the gradient of a norm.
pub(crate) struct NormAt<'a> {
    /// The norm's input. (T, D)
    pub x: &'a [f32],
    /// Its weight. (D)
    pub weight: &'a [f32],
    /// `r` of each row. (T)
    pub inverse: &'a [f32],
    /// Derivative by the norm's output. (T, D)
    pub d_y: &'a [f32],
}

impl NormAt<'_> {
    /// `d_x +=` the gradient by the input. (T, D)
    pub(crate) fn add_d_x(&self, d_x: &mut [f32]) {
        let width = self.weight.len();
        d_x.par_chunks_exact_mut(width)
            .with_min_len(ROWS_PER_TASK)
            .zip(self.x.par_chunks_exact(width).with_min_len(ROWS_PER_TASK))
            .zip(self.d_y.par_chunks_exact(width).with_min_len(ROWS_PER_TASK))
            .zip(self.inverse)
            .for_each(|(((d_x, x), d_y), r)| {
                let projection_term = projection_term(x, self.weight, d_y, *r);
                add_row_d_x(d_x, x, self.weight, d_y, *r, projection_term);
            });
    }

    /// `d_weight +=` the gradient by the weight. (D)
    pub(crate) fn add_d_weight(&self, d_weight: &mut [f32]) {
        let width = self.weight.len();
        let partial_sums: Vec<Vec<f32>> = self
            .x
            .par_chunks(ROWS_PER_PARTIAL_SUM * width)
            .zip(self.d_y.par_chunks(ROWS_PER_PARTIAL_SUM * width))
            .zip(self.inverse.par_chunks(ROWS_PER_PARTIAL_SUM))
            .map(|((x, d_y), inverse)| {
                let mut partial_sum = vec![0.0; width];
                for ((x, d_y), r) in x
                    .chunks_exact(width)
                    .zip(d_y.chunks_exact(width))
                    .zip(inverse)
                {
                    add_row_d_weight(&mut partial_sum, x, d_y, *r);
                }
                partial_sum
            })
            .collect();
        for partial_sum in partial_sums {
            add(d_weight, &partial_sum);
        }
    }
}

/// `d_x += r * (w * d_y - x * projection_term)`.
#[pulp::with_simd(add_row_d_x = Arch::new())]
#[inline(always)]
fn add_row_d_x_with<'a, S: Simd>(
    _: S,
    d_x: &'a mut [f32],
    x: &'a [f32],
    weight: &'a [f32],
    d_y: &'a [f32],
    r: f32,
    projection_term: f32,
) {
    for (((d_x, x), w), d) in d_x.iter_mut().zip(x).zip(weight).zip(d_y) {
        *d_x += r * (w * d - x * projection_term);
    }
}

/// `d_w += d_y * x * r`.
#[pulp::with_simd(add_row_d_weight = Arch::new())]
#[inline(always)]
fn add_row_d_weight_with<'a, S: Simd>(
    _: S,
    d_weight: &'a mut [f32],
    x: &'a [f32],
    d_y: &'a [f32],
    r: f32,
) {
    for ((d_weight, x), d) in d_weight.iter_mut().zip(x).zip(d_y) {
        *d_weight += d * x * r;
    }
}

/// A norm of heads inside wider rows.
pub(crate) struct HeadNorm<'a> {
    /// Values per row.
    pub width: usize,
    /// The columns of the heads.
    pub columns: Range<usize>,
    /// The weight of every head. `(head_dim)`
    pub weight: &'a [f32],
    /// Added to the mean square.
    pub eps: f32,
}

impl HeadNorm<'_> {
    /// Norms the heads in place. `rows` is (T, width).
    pub(crate) fn apply(&self, rows: &mut [f32]) {
        team::for_each(row_tasks_mut(rows, self.width), |rows| {
            for row in rows.chunks_exact_mut(self.width) {
                for head in row[self.columns.clone()].chunks_exact_mut(self.weight.len()) {
                    let r = inverse_rms(head, self.eps);
                    for (x, w) in head.iter_mut().zip(self.weight) {
                        *x *= r * w;
                    }
                }
            }
        });
    }

    /// The gradient. `d_rows` is the derivative by the output and is overwritten with that by the
    /// input; `x_rows` is the input of [`HeadNorm::apply`]. Returns the gradient by the weight.
    /// `(head_dim)`
    pub(crate) fn vjp(&self, x_rows: &[f32], d_rows: &mut [f32]) -> Vec<f32> {
        let head_dim = self.weight.len();
        let partial_sums: Vec<Vec<f32>> = d_rows
            .par_chunks_mut(ROWS_PER_PARTIAL_SUM * self.width)
            .zip(x_rows.par_chunks(ROWS_PER_PARTIAL_SUM * self.width))
            .map(|(d_rows, x_rows)| {
                let mut partial_sum = vec![0.0; head_dim];
                for (d_row, x_row) in d_rows
                    .chunks_exact_mut(self.width)
                    .zip(x_rows.chunks_exact(self.width))
                {
                    let heads = d_row[self.columns.clone()].chunks_exact_mut(head_dim);
                    for (d, x) in heads.zip(x_row[self.columns.clone()].chunks_exact(head_dim)) {
                        self.one_head_vjp(x, d, &mut partial_sum);
                    }
                }
                partial_sum
            })
            .collect();
        let mut d_weight = vec![0.0; head_dim];
        for partial_sum in partial_sums {
            add(&mut d_weight, &partial_sum);
        }
        d_weight
    }

    fn one_head_vjp(&self, x: &[f32], d: &mut [f32], d_weight: &mut [f32]) {
        let r = inverse_rms(x, self.eps);
        let projection_term = projection_term(x, self.weight, d, r);
        for (((d, x), w), d_w) in d.iter_mut().zip(x).zip(self.weight).zip(d_weight) {
            *d_w += *d * x * r;
            *d = r * (w * *d - x * projection_term);
        }
    }
}
