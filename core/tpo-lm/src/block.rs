//! One block of the decoder, forward and backward.
//!
//! Attention and MLP, each after a norm and with a residual connection. Differences between model
//! families (biases of queries, keys and values; norms of queries and keys) are branches on the
//! [`ModelSpec`] in the forward pass and their mirror images in the backward pass, and exist
//! nowhere else. Training and sampling share the forward pass and differ in [`Backend`].

pub(crate) mod linear;
#[cfg(test)]
mod tests;
pub(crate) mod vjp;

use std::ops::Range;

use crate::kernels::attention::Heads;
use crate::kernels::gemm::Write;
use crate::kernels::glu::silu_glu;
use crate::kernels::norm::{HeadNorm, rms_norm};
use crate::kernels::reserve;
use crate::kernels::rope::{Direction, Rotary};
use crate::params::{BlockLayout, Params};
use crate::projection::FusedProjection;
use crate::spec::ModelSpec;

/// How the products and the attention of the blocks are computed.
pub(crate) trait Backend {
    /// `y = x w^T` or `y += x w^T` with one of the four matrices of block `layer`. `x` is (T, in),
    /// `y` is (T, out).
    fn multiply(
        &mut self,
        layer: usize,
        projection: FusedProjection,
        x: &[f32],
        y: &mut [f32],
        write: Write,
    );

    /// `out` `(T, q_width)` `=` attention over rotated queries and keys, and values, `qkv` `(T,
    /// qkv_width)`. `lse` (T, heads) is needed only for a backward pass.
    fn attend(&mut self, layer: usize, qkv: &[f32], out: &mut [f32], lse: &mut [f32]);
}

/// A block of a model. It has the norms and biases; the matrices belong to the backend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    index: usize,
    spec: &'a ModelSpec,
    params: &'a Params,
    layout: &'a BlockLayout,
}

/// The positions of the tokens in their sequences.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Positions<'a> {
    /// The angle of every position.
    pub rotary: &'a Rotary,
    /// One per token. (T)
    pub of_tokens: &'a [u32],
}

/// The activations that the backward pass reads. Norms and the gated unit are not saved: computing
/// them again costs little, and they would double the memory.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    /// Queries, keys and values before the norm of queries and keys; empty without that norm. `(T,
    /// qkv_width)`
    qkv_unnormed: Vec<f32>,
    /// Rotated queries and keys, and values. `(T, qkv_width)`
    qkv: Vec<f32>,
    /// Attention's output. `(T, q_width)`
    attended: Vec<f32>,
    /// Attention's log-sum-exps. (T, heads)
    lse: Vec<f32>,
    /// The residual stream between attention and MLP. (T, D)
    post_attention: Vec<f32>,
    /// Gate and up of the MLP. (T, 2F)
    gate_up: Vec<f32>,
}

/// Buffers that only the forward pass uses.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    normed: Vec<f32>,  // (T, D)
    inverse: Vec<f32>, // (T)
    gated: Vec<f32>,   // (T, F)
}

impl Activations {
    fn resize(&mut self, spec: &ModelSpec, tokens: usize) {
        reserve(&mut self.qkv, tokens * spec.qkv_width());
        reserve(&mut self.attended, tokens * spec.q_width());
        reserve(&mut self.lse, tokens * spec.num_heads);
        reserve(&mut self.post_attention, tokens * spec.hidden_size);
        reserve(&mut self.gate_up, tokens * 2 * spec.intermediate_size);
    }
}

impl<'a> Block<'a> {
    /// Block number `index` of a model.
    pub(crate) fn new(spec: &'a ModelSpec, params: &'a Params, index: usize) -> Self {
        Self {
            index,
            spec,
            params,
            layout: &params.layout.blocks[index],
        }
    }

    /// `out = block(x)`. `x` and `out` are (T, D).
    pub(crate) fn forward<B: Backend>(
        &self,
        backend: &mut B,
        positions: Positions<'_>,
        x: &[f32],
        out: &mut [f32],
        saved: &mut Activations,
        scratch: &mut Scratch,
    ) {
        self.activate(backend, positions, x, saved, scratch);
        let (tokens, width) = (positions.of_tokens.len(), self.spec.intermediate_size);
        reserve(&mut scratch.gated, tokens * width);
        silu_glu(&saved.gate_up, &mut scratch.gated, width);
        out.copy_from_slice(&saved.post_attention);
        backend.multiply(
            self.index,
            FusedProjection::Down,
            &scratch.gated,
            out,
            Write::Add(1.0),
        );
    }

    /// The forward pass up to the last activation that the backward pass reads.
    pub(crate) fn activate<B: Backend>(
        &self,
        backend: &mut B,
        positions: Positions<'_>,
        x: &[f32],
        saved: &mut Activations,
        scratch: &mut Scratch,
    ) {
        let tokens = positions.of_tokens.len();
        saved.resize(self.spec, tokens);
        reserve(&mut scratch.normed, x.len());
        reserve(&mut scratch.inverse, tokens);

        self.norm(x, &self.layout.input_norm, scratch);
        backend.multiply(
            self.index,
            FusedProjection::Qkv,
            &scratch.normed,
            &mut saved.qkv,
            Write::Set,
        );
        self.position(saved, positions);
        backend.attend(self.index, &saved.qkv, &mut saved.attended, &mut saved.lse);
        saved.post_attention.copy_from_slice(x);
        backend.multiply(
            self.index,
            FusedProjection::Output,
            &saved.attended,
            &mut saved.post_attention,
            Write::Add(1.0),
        );

        self.norm(&saved.post_attention, &self.layout.post_norm, scratch);
        backend.multiply(
            self.index,
            FusedProjection::GateUp,
            &scratch.normed,
            &mut saved.gate_up,
            Write::Set,
        );
    }

    fn norm(&self, x: &[f32], weight: &Range<usize>, scratch: &mut Scratch) {
        rms_norm(
            x,
            self.params.at(weight),
            self.spec.rms_norm_eps,
            &mut scratch.normed,
            &mut scratch.inverse,
        );
    }

    /// Turns projected queries, keys and values into what attention reads: biases, norms of queries
    /// and keys, rotation.
    fn position(&self, saved: &mut Activations, positions: Positions<'_>) {
        if self.spec.qkv_bias {
            crate::kernels::add_to_rows(&mut saved.qkv, self.params.at(&self.layout.qkv_bias));
        }
        if self.spec.qk_norm {
            saved.qkv_unnormed.clone_from(&saved.qkv);
            for norm in self.head_norms() {
                norm.apply(&mut saved.qkv);
            }
        }
        positions.rotary.apply(
            &mut saved.qkv,
            self.spec.qkv_width(),
            self.rotated(),
            positions.of_tokens,
            Direction::Forward,
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
