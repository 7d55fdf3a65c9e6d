//! The backward pass of a block: the forward pass in reverse, each step replaced by its gradient.

use super::linear::Linears;
use super::{Activations, Block, Positions};
use crate::kernels::attention::{AttentionAt, attend_vjp};
use crate::kernels::glu::{silu_glu, silu_glu_vjp};
use crate::kernels::norm::{NormAt, rms_norm};
use crate::kernels::reserve;
use crate::kernels::rope::{Direction, Rotary};
use crate::pack::Pack;
use crate::projection::FusedProjection;

/// Buffers of the backward pass, reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct Backward {
    normed: Vec<f32>,     // (T, D)
    d_normed: Vec<f32>,   // (T, D)
    inverse: Vec<f32>,    // (T)
    gated: Vec<f32>,      // (T, F)
    d_gated: Vec<f32>,    // (T, F)
    d_attended: Vec<f32>, // (T, q_width)
    d_qkv: Vec<f32>,      // (T, qkv_width)
    d_by_head: Vec<f32>,  // (T, qkv_width)
}

/// The gradients that a block's backward pass computes.
pub(crate) struct BlockGradient<'a> {
    /// Before: the derivative by the block's output; after: that by its input. (T, D)
    pub d_x: &'a mut [f32],
    /// Added to; laid out like the trained values.
    pub trained: &'a mut [f32],
}

/// A pack and the angles of its positions.
#[derive(Clone, Copy)]
pub(crate) struct RotaryPack<'a> {
    pub pack: &'a Pack,
    pub rotary: &'a Rotary,
}

impl<'a> RotaryPack<'a> {
    /// The positions of its tokens.
    pub(crate) fn positions(self) -> Positions<'a> {
        Positions {
            rotary: self.rotary,
            of_tokens: self.pack.positions(),
        }
    }
}

impl Block<'_> {
    /// The vector-Jacobian product of [`Block::forward`] over a pack. `x` is the block's input;
    /// `saved` are the activations of its forward pass, which are overwritten.
    pub(crate) fn vjp(
        &self,
        linears: &Linears<'_>,
        tokens: RotaryPack<'_>,
        x: &[f32],
        saved: &mut Activations,
        buffers: &mut Backward,
        gradient: &mut BlockGradient<'_>,
    ) {
        buffers.resize(self, tokens.pack.num_tokens());
        self.mlp_vjp(linears, saved, buffers, gradient);
        self.attention_vjp(linears, tokens, saved, buffers, gradient);
        self.qkv_vjp(linears, x, buffers, gradient);
    }

    /// From the block's output to the residual stream between attention and MLP.
    fn mlp_vjp(
        &self,
        linears: &Linears<'_>,
        saved: &mut Activations,
        buffers: &mut Backward,
        gradient: &mut BlockGradient<'_>,
    ) {
        let Backward {
            normed,
            d_normed,
            inverse,
            gated,
            d_gated,
            ..
        } = buffers;
        let width = self.spec.intermediate_size;
        silu_glu(&saved.gate_up, gated, width);
        linears.vjp(
            FusedProjection::Down,
            gated,
            gradient.d_x,
            d_gated,
            gradient.trained,
        );
        silu_glu_vjp(&mut saved.gate_up, d_gated, width);
        let d_gate_up = &saved.gate_up;
        let weight = self.params.at(&self.layout.post_norm);
        rms_norm(
            &saved.post_attention,
            weight,
            self.spec.rms_norm_eps,
            normed,
            inverse,
        );
        linears.vjp(
            FusedProjection::GateUp,
            normed,
            d_gate_up,
            d_normed,
            gradient.trained,
        );
        let norm = NormAt {
            x: &saved.post_attention,
            weight,
            inverse,
            d_y: d_normed,
        };
        norm.add_d_x(gradient.d_x);
        if linears.adapter.is_none() {
            norm.add_d_weight(&mut gradient.trained[self.layout.post_norm.clone()]);
        }
    }

    /// From the residual stream between attention and MLP to the projected queries, keys and
    /// values.
    fn attention_vjp(
        &self,
        linears: &Linears<'_>,
        tokens: RotaryPack<'_>,
        saved: &Activations,
        buffers: &mut Backward,
        gradient: &mut BlockGradient<'_>,
    ) {
        let Backward {
            d_attended,
            d_qkv,
            d_by_head,
            ..
        } = buffers;
        linears.vjp(
            FusedProjection::Output,
            &saved.attended,
            gradient.d_x,
            d_attended,
            gradient.trained,
        );
        let at = AttentionAt {
            qkv: &saved.qkv,
            out: &saved.attended,
            lse: &saved.lse,
            d_out: d_attended,
        };
        attend_vjp(self.heads(), tokens.pack, at, d_by_head, d_qkv);
        tokens.rotary.apply(
            d_qkv,
            self.spec.qkv_width(),
            self.rotated(),
            tokens.pack.positions(),
            Direction::Backward,
        );
        if self.spec.qk_norm {
            for (norm, range) in self
                .head_norms()
                .into_iter()
                .zip([&self.layout.q_norm, &self.layout.k_norm])
            {
                let d_weight = norm.vjp(&saved.qkv_unnormed, d_qkv);
                if linears.adapter.is_none() {
                    crate::kernels::add(&mut gradient.trained[range.clone()], &d_weight);
                }
            }
        }
        if self.spec.qkv_bias && linears.adapter.is_none() {
            crate::kernels::add_rows(&mut gradient.trained[self.layout.qkv_bias.clone()], d_qkv);
        }
    }

    /// From the projected queries, keys and values to the block's input.
    fn qkv_vjp(
        &self,
        linears: &Linears<'_>,
        x: &[f32],
        buffers: &mut Backward,
        gradient: &mut BlockGradient<'_>,
    ) {
        let Backward {
            normed,
            d_normed,
            inverse,
            d_qkv,
            ..
        } = buffers;
        let weight = self.params.at(&self.layout.input_norm);
        rms_norm(x, weight, self.spec.rms_norm_eps, normed, inverse);
        linears.vjp(
            FusedProjection::Qkv,
            normed,
            d_qkv,
            d_normed,
            gradient.trained,
        );
        let norm = NormAt {
            x,
            weight,
            inverse,
            d_y: d_normed,
        };
        norm.add_d_x(gradient.d_x);
        if linears.adapter.is_none() {
            norm.add_d_weight(&mut gradient.trained[self.layout.input_norm.clone()]);
        }
    }
}

impl Backward {
    fn resize(&mut self, block: &Block<'_>, tokens: usize) {
        let spec = block.spec;
        reserve(&mut self.normed, tokens * spec.hidden_size);
        reserve(&mut self.d_normed, tokens * spec.hidden_size);
        reserve(&mut self.inverse, tokens);
        reserve(&mut self.gated, tokens * spec.intermediate_size);
        reserve(&mut self.d_gated, tokens * spec.intermediate_size);
        reserve(&mut self.d_attended, tokens * spec.q_width());
        reserve(&mut self.d_qkv, tokens * spec.qkv_width());
        reserve(&mut self.d_by_head, tokens * spec.qkv_width());
    }
}
