//! The four products of a block in training: with the flat weights, and an adapter's terms if there
//! is one.
//!
//! With an adapter, `y = x W^T + s (x A^T) B^T` and `W` is frozen: its gradient is never computed.
//! The `A`s of modules with the same input are stacked and are one product; each `B` writes its own
//! columns.

use crate::kernels::gemm::{Matrix, MatrixMut, Threads, Write, product};
use crate::kernels::linear::Products;
use crate::lora::{Adapter, LowRank};
use crate::params::Params;
use crate::projection::FusedProjection;
use crate::spec::ModelSpec;

/// The matrices of one block, to multiply with and to take gradients of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linears<'a> {
    pub(crate) spec: &'a ModelSpec,
    pub(crate) params: &'a Params,
    pub(crate) adapter: Option<&'a Adapter>,
    /// Which block.
    pub(crate) index: usize,
    /// How the products with the weights are computed.
    pub(crate) products: Products,
}

impl<'a> Linears<'a> {
    fn weight(&self, projection: FusedProjection) -> &'a [f32] {
        self.params
            .at(projection.range(&self.params.layout.blocks[self.index]))
    }

    fn low_rank(&self, projection: FusedProjection) -> Option<(&'a Adapter, &'a LowRank)> {
        let adapter = self.adapter?;
        Some((adapter, adapter.low_rank(self.index, projection)?))
    }

    /// `y = x W^T` or `y += x W^T`, with the adapter's term.
    pub(crate) fn multiply(
        &self,
        projection: FusedProjection,
        x: &[f32],
        y: &mut [f32],
        write: Write,
    ) {
        let inputs = projection.inputs(self.spec);
        let weight = self.weight(projection);
        self.products.linear(y, write, x, weight, inputs);
        if let Some((adapter, low_rank)) = self.low_rank(projection) {
            let outputs = weight.len() / inputs;
            let inner = adapter.inner(low_rank, x, inputs); // (T, modules * r)
            for module in &low_rank.modules {
                let y = MatrixMut::new(y, outputs).columns(&module.outputs);
                let b = Matrix::new(&adapter.values[module.b.clone()], adapter.config.r);
                let inner = Matrix::new(&inner, low_rank.width).columns(&module.inner);
                product(y, Write::Add(adapter.scale()), inner, b.t(), Threads::All);
            }
        }
    }

    /// The gradient: overwrites `d_x` (T, in), and adds to `gradient` that of the weight, or of the
    /// adapter's terms if there is an adapter. `gradient` is laid out like the trained values.
    pub(crate) fn vjp(
        &self,
        projection: FusedProjection,
        x: &[f32],
        d_y: &[f32],
        d_x: &mut [f32],
        gradient: &mut [f32],
    ) {
        let inputs = projection.inputs(self.spec);
        let weight = self.weight(projection);
        self.products.d_x(d_x, Write::Set, d_y, weight, inputs);
        if self.adapter.is_none() {
            let range = projection.range(&self.params.layout.blocks[self.index]);
            let d_w = &mut gradient[range.clone()];
            self.products.d_w(d_w, d_y, x, inputs);
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
    let inner = adapter.inner(low_rank, x, inputs); // (T, modules * r)
    let mut d_inner = vec![0.0; inner.len()]; // (T, modules * r)
    for module in &low_rank.modules {
        let d_y = d_y.columns(&module.outputs);
        let b = Matrix::new(&adapter.values[module.b.clone()], r);
        let scaled = Write::Add(adapter.scale());
        product(
            MatrixMut::new(&mut d_inner, width).columns(&module.inner),
            scaled,
            d_y,
            b,
            Threads::All,
        );
        let inner = Matrix::new(&inner, width).columns(&module.inner);
        product(
            MatrixMut::new(&mut gradient[module.b.clone()], r),
            scaled,
            d_y.t(),
            inner,
            Threads::All,
        );
    }
    let small = Products::F32;
    small.d_w(&mut gradient[low_rank.a.clone()], &d_inner, x, inputs);
    small.d_x(d_x, Write::Add(1.0), &d_inner, a, inputs);
}
