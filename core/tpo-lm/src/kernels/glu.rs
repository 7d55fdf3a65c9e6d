//! The gated `SiLU` unit of the MLP: `y = silu(gate) * up` with `silu(g) = g * sigmoid(g)`
//! (N. Shazeer, "GLU Variants Improve Transformer", arXiv 2002.05202).
//!
//! Gate and up are adjacent in a row, because one product computes both.

use pulp::{Arch, Simd};
use rayon::prelude::*;

use super::exp::sigmoid;
use super::{ROWS_PER_TASK, row_tasks, row_tasks_mut, team};

/// `y = silu(gate) * up`. `gate_up` is (T, 2F), `y` is (T, F).
pub(crate) fn silu_glu(gate_up: &[f32], y: &mut [f32], width: usize) {
    let tasks = row_tasks_mut(y, width).zip(row_tasks(gate_up, 2 * width));
    team::for_each(tasks, |(y, gate_up)| {
        let rows = y.chunks_exact_mut(width);
        for (y, gate_up) in rows.zip(gate_up.chunks_exact(2 * width)) {
            let (gate, up) = gate_up.split_at(width);
            sigmoid(gate, y);
            multiply(y, gate, up);
        }
    });
}

/// `y *= gate * up`.
#[pulp::with_simd(multiply = Arch::new())]
#[inline(always)]
fn multiply_with<'a, S: Simd>(_: S, y: &'a mut [f32], gate: &'a [f32], up: &'a [f32]) {
    for ((y, g), u) in y.iter_mut().zip(gate).zip(up) {
        *y *= g * u;
    }
}

/// The gradient of [`silu_glu`], in place: overwrites `gate_up` with `d_gate_up`.
///
/// `d_up = d_y * silu(g)`, `d_gate = d_y * up * s * (1 + g * (1 - s))` with `s = sigmoid(g)`.
pub(crate) fn silu_glu_vjp(gate_up: &mut [f32], d_y: &[f32], width: usize) {
    gate_up
        .par_chunks_exact_mut(2 * width)
        .with_min_len(ROWS_PER_TASK)
        .zip(d_y.par_chunks_exact(width).with_min_len(ROWS_PER_TASK))
        .for_each_init(
            || vec![0.0; width],
            |sigmoids, (gate_up, d_y)| {
                let (gate, up) = gate_up.split_at_mut(width);
                sigmoid(gate, sigmoids);
                row_vjp(gate, up, sigmoids, d_y);
            },
        );
}

/// The gradient of one row.
#[pulp::with_simd(row_vjp = Arch::new())]
#[inline(always)]
fn row_vjp_with<'a, S: Simd>(
    _: S,
    gate: &'a mut [f32],
    up: &'a mut [f32],
    sigmoids: &'a [f32],
    d_y: &'a [f32],
) {
    for (((g, u), s), d) in gate.iter_mut().zip(up).zip(sigmoids).zip(d_y) {
        let (gate, up) = (*g, *u);
        *u = d * gate * s;
        *g = d * up * s * (1.0 + gate * (1.0 - s));
    }
}
