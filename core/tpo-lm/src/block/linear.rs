//! The four products of a block as training computes them: from the flat weights, with an adapter's
//! terms where there is one.
//!
//! With an adapter, `y = x W^T + s (x A^T) B^T` and `W` is frozen: no gradient of it is ever made.
//! The `A`s of matrices with the same input stand on top of each other and are one product; each
//! `B` writes its own columns.

use std::ops::Range;

use crate::kernels::gemm::{
    Matrix, MatrixMut, Threads, Write, linear, linear_d_w, linear_d_x, product,
};
use crate::lora::{Adapter, LowRank};
use crate::params::{BlockLayout, Params};
use crate::spec::ModelSpec;

/// One of the four products of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Projection {
    /// Queries, keys and values.
    Qkv,
    /// Attention's output.
    Output,
    /// Gate and up of the MLP.
    GateUp,
    /// Down of the MLP.
    Down,
}

impl Projection {
    /// All of them, in the order they are used.
    pub(crate) const ALL: [Self; 4] = [Self::Qkv, Self::Output, Self::GateUp, Self::Down];

    /// Where its matrix stands in a block.
    pub(crate) fn range(self, block: &BlockLayout) -> &Range<usize> {
        match self {
            Self::Qkv => &block.qkv,
            Self::Output => &block.o,
            Self::GateUp => &block.gate_up,
            Self::Down => &block.down,
        }
    }

    /// Width of its input.
    pub(crate) fn inputs(self, spec: &ModelSpec) -> usize {
        match self {
            Self::Qkv | Self::GateUp => spec.hidden_size,
            Self::Output => spec.q_width(),
            Self::Down => spec.intermediate_size,
        }
    }

    /// The tensors it is made of, by the last part of their module's name, and how many rows each
    /// has.
    pub(crate) fn modules(self, spec: &ModelSpec) -> Vec<(&'static str, usize)> {
        let (kv, f) = (spec.kv_width(), spec.intermediate_size);
        match self {
            Self::Qkv => vec![("q_proj", spec.q_width()), ("k_proj", kv), ("v_proj", kv)],
            Self::Output => vec![("o_proj", spec.hidden_size)],
            Self::GateUp => vec![("gate_proj", f), ("up_proj", f)],
            Self::Down => vec![("down_proj", spec.hidden_size)],
        }
    }
}

/// The matrices of one block, to multiply with and to take gradients of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linears<'a> {
    pub(crate) spec: &'a ModelSpec,
    pub(crate) params: &'a Params,
    pub(crate) adapter: Option<&'a Adapter>,
    /// Which block.
    pub(crate) index: usize,
}

impl<'a> Linears<'a> {
    fn weight(&self, projection: Projection) -> &'a [f32] {
        self.params
            .at(projection.range(&self.params.layout.blocks[self.index]))
    }

    fn low_rank(&self, projection: Projection) -> Option<(&'a Adapter, &'a LowRank)> {
        let adapter = self.adapter?;
        Some((adapter, adapter.low_rank(self.index, projection)?))
    }

    /// `y = x W^T` or `y += x W^T`, with the adapter's term.
    pub(crate) fn multiply(&self, projection: Projection, x: &[f32], y: &mut [f32], write: Write) {
        let inputs = projection.inputs(self.spec);
        linear(y, write, x, self.weight(projection), inputs);
        if let Some((adapter, low_rank)) = self.low_rank(projection) {
            let outputs = self.weight(projection).len() / inputs;
            let inner = adapter.inner(low_rank, x, inputs); // (T, parts * r)
            for part in &low_rank.parts {
                let y = MatrixMut::new(y, outputs).columns(&part.outputs);
                let b = Matrix::new(&adapter.values[part.b.clone()], adapter.config.r);
                let inner = Matrix::new(&inner, low_rank.width).columns(&part.inner);
                product(y, Write::Add(adapter.scale()), inner, b.t(), Threads::All);
            }
        }
    }

    /// The gradient: overwrites `d_x` (T, in), and adds to `gradient` that of the weight, or of the
    /// adapter's term where there is an adapter. `gradient` is laid out like what is trained.
    pub(crate) fn vjp(
        &self,
        projection: Projection,
        x: &[f32],
        d_y: &[f32],
        d_x: &mut [f32],
        gradient: &mut [f32],
    ) {
        let inputs = projection.inputs(self.spec);
        let weight = self.weight(projection);
        linear_d_x(d_x, Write::Set, d_y, weight, inputs);
        if self.adapter.is_none() {
            let range = projection.range(&self.params.layout.blocks[self.index]);
            linear_d_w(&mut gradient[range.clone()], d_y, x, inputs);
        }
        if let Some((adapter, low_rank)) = self.low_rank(projection) {
            let d_y = Matrix::new(d_y, weight.len() / inputs);
            low_rank_vjp(adapter, low_rank, x, d_y, d_x, gradient);
        }
    }
}

/// With `u = x A^T`: `d_u = s d_y B`, `d_B += s d_y^T u`, `d_A += d_u^T x`, `d_x += d_u A`.
fn low_rank_vjp(
    adapter: &Adapter,
    low_rank: &LowRank,
    x: &[f32],
    d_y: Matrix<'_>,
    d_x: &mut [f32],
    gradient: &mut [f32],
) {
    let (width, r) = (low_rank.width, adapter.config.r);
    let a = &adapter.values[low_rank.a.clone()];
    let inputs = a.len() / width;
    let inner = adapter.inner(low_rank, x, inputs); // (T, parts * r)
    let mut d_inner = vec![0.0; inner.len()]; // (T, parts * r)
    for part in &low_rank.parts {
        let d_y = d_y.columns(&part.outputs);
        let b = Matrix::new(&adapter.values[part.b.clone()], r);
        let scaled = Write::Add(adapter.scale());
        product(
            MatrixMut::new(&mut d_inner, width).columns(&part.inner),
            scaled,
            d_y,
            b,
            Threads::All,
        );
        let inner = Matrix::new(&inner, width).columns(&part.inner);
        product(
            MatrixMut::new(&mut gradient[part.b.clone()], r),
            scaled,
            d_y.t(),
            inner,
            Threads::All,
        );
    }
    linear_d_w(&mut gradient[low_rank.a.clone()], &d_inner, x, inputs);
    linear_d_x(d_x, Write::Add(1.0), &d_inner, a, inputs);
}
