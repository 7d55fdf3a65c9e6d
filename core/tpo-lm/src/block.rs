//! One block of the decoder, forward and backward.
//!
//! Attention and MLP, each behind a norm and around a residual connection. What differs between
//! model families (biases of queries, keys and values; norms of queries and keys) is a branch on
//! the model's data in the forward pass and its mirror in the backward pass; no other code knows of
//! it. Training and sampling share the forward pass and differ in [`Backend`]: how the products are
//! computed and what attention sees.

mod linear;
#[cfg(test)]
mod tests;
mod vjp;

use crate::kernels::attention::Heads;
use crate::kernels::gemm::Write;
use crate::kernels::glu::silu_glu;
use crate::kernels::norm::{HeadNorm, rms_norm};
use crate::kernels::rope::{Rotary, Turn};
use crate::params::{BlockLayout, Params};
use crate::spec::ModelSpec;

pub(crate) use linear::{Linears, Projection};
pub(crate) use vjp::{Backward, BlockGradient};

/// What a block leaves to whoever runs it.
pub(crate) trait Backend {
    /// `y = x w^T` or `y += x w^T` with one of the block's four matrices. `x` is (T, in), `y` is
    /// (T, out).
    fn multiply(&mut self, projection: Projection, x: &[f32], y: &mut [f32], write: Write);

    /// `out` `(T, q_width)` `=` attention over rotated queries and keys, and values, `qkv` `(T,
    /// qkv_width)`. `log_sums` (T, heads) may be left alone where there is no backward pass.
    fn attend(&mut self, qkv: &[f32], out: &mut [f32], log_sums: &mut [f32]);
}

/// A block of a model: its vectors and the shape of everything; the matrices belong to the backend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    spec: &'a ModelSpec,
    params: &'a Params,
    layout: &'a BlockLayout,
}

/// All that a block computes on its way and the backward pass reads. Norms and the gated unit are
/// not kept: making them again costs little and they would double the memory.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    /// Queries, keys and values before the norm of queries and keys; empty where there is none.
    /// `(T, qkv_width)`
    qkv_unnormed: Vec<f32>,
    /// Rotated queries and keys, and values. `(T, qkv_width)`
    qkv: Vec<f32>,
    /// Attention's output. `(T, q_width)`
    attended: Vec<f32>,
    /// Attention's log-sum-exps. (T, heads)
    log_sums: Vec<f32>,
    /// The residual stream between attention and MLP. (T, D)
    middle: Vec<f32>,
    /// Gate and up of the MLP. (T, 2F)
    gate_up: Vec<f32>,
}

/// Buffers of the forward pass that nothing reads afterwards.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    normed: Vec<f32>,  // (T, D)
    inverse: Vec<f32>, // (T)
    gated: Vec<f32>,   // (T, F)
}

impl Activations {
    fn resize(&mut self, spec: &ModelSpec, tokens: usize) {
        self.qkv.resize(tokens * spec.qkv_width(), 0.0);
        self.attended.resize(tokens * spec.q_width(), 0.0);
        self.log_sums.resize(tokens * spec.num_heads, 0.0);
        self.middle.resize(tokens * spec.hidden_size, 0.0);
        self.gate_up
            .resize(tokens * 2 * spec.intermediate_size, 0.0);
    }
}

impl<'a> Block<'a> {
    /// Block number `index` of a model.
    pub(crate) fn new(spec: &'a ModelSpec, params: &'a Params, index: usize) -> Self {
        Self {
            spec,
            params,
            layout: &params.layout.blocks[index],
        }
    }

    /// `out = block(x)`. `x` and `out` are (T, D), `positions` has each token's place in its
    /// sequence (T).
    pub(crate) fn forward<B: Backend>(
        &self,
        backend: &mut B,
        (rotary, positions): (&Rotary, &[u32]),
        x: &[f32],
        out: &mut [f32],
        (kept, scratch): (&mut Activations, &mut Scratch),
    ) {
        self.activate(backend, (rotary, positions), x, (kept, scratch));
        scratch
            .gated
            .resize(positions.len() * self.spec.intermediate_size, 0.0);
        silu_glu(
            &kept.gate_up,
            &mut scratch.gated,
            self.spec.intermediate_size,
        );
        out.copy_from_slice(&kept.middle);
        backend.multiply(Projection::Down, &scratch.gated, out, Write::Add(1.0));
    }

    /// The forward pass up to the last thing that the backward pass reads.
    pub(crate) fn activate<B: Backend>(
        &self,
        backend: &mut B,
        (rotary, positions): (&Rotary, &[u32]),
        x: &[f32],
        (kept, scratch): (&mut Activations, &mut Scratch),
    ) {
        let (params, layout, eps) = (self.params, self.layout, self.spec.rms_norm_eps);
        kept.resize(self.spec, positions.len());
        scratch.normed.resize(x.len(), 0.0);
        scratch.inverse.resize(positions.len(), 0.0);

        rms_norm(
            x,
            params.at(&layout.input_norm),
            eps,
            &mut scratch.normed,
            &mut scratch.inverse,
        );
        backend.multiply(Projection::Qkv, &scratch.normed, &mut kept.qkv, Write::Set);
        self.position(kept, rotary, positions);
        backend.attend(&kept.qkv, &mut kept.attended, &mut kept.log_sums);
        kept.middle.copy_from_slice(x);
        backend.multiply(
            Projection::Output,
            &kept.attended,
            &mut kept.middle,
            Write::Add(1.0),
        );

        rms_norm(
            &kept.middle,
            params.at(&layout.post_norm),
            eps,
            &mut scratch.normed,
            &mut scratch.inverse,
        );
        backend.multiply(
            Projection::GateUp,
            &scratch.normed,
            &mut kept.gate_up,
            Write::Set,
        );
    }

    /// From what the projection made to what attention reads: biases, norms of queries and keys,
    /// rotation.
    fn position(&self, kept: &mut Activations, rotary: &Rotary, positions: &[u32]) {
        let width = self.spec.qkv_width();
        if self.spec.qkv_bias {
            crate::kernels::add_to_rows(&mut kept.qkv, self.params.at(&self.layout.qkv_bias));
        }
        if self.spec.qk_norm {
            kept.qkv_unnormed.clone_from(&kept.qkv);
            for norm in self.head_norms() {
                norm.apply(&mut kept.qkv);
            }
        }
        rotary.apply(
            &mut kept.qkv,
            width,
            self.rotated(),
            positions,
            Turn::Forward,
        );
    }

    /// Columns that are rotated: queries and keys.
    fn rotated(&self) -> usize {
        self.spec.q_width() + self.spec.kv_width()
    }

    /// The norms of queries and of keys.
    fn head_norms(&self) -> [HeadNorm<'a>; 2] {
        let (q, rotated) = (self.spec.q_width(), self.rotated());
        [
            (0..q, &self.layout.q_norm),
            (q..rotated, &self.layout.k_norm),
        ]
        .map(|(columns, weight)| HeadNorm {
            width: self.spec.qkv_width(),
            columns,
            weight: self.params.at(weight),
            eps: self.spec.rms_norm_eps,
        })
    }

    fn heads(&self) -> Heads {
        Heads::of(self.spec)
    }
}
