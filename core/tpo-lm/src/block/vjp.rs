//! The backward pass of a block: the forward pass read from the end, each step replaced by its
//! gradient.

use super::{Activations, Block, Linears, Projection};
use crate::kernels::attention::{AttentionAt, attend_vjp};
use crate::kernels::glu::{silu_glu, silu_glu_vjp};
use crate::kernels::norm::{NormAt, rms_norm};
use crate::kernels::rope::{Rotary, Turn};
use crate::pack::Pack;

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

/// Where a block's backward pass puts what it finds.
pub(crate) struct BlockGradient<'a> {
    /// Comes in as the derivative by the block's output, goes out as that by its input. (T, D)
    pub d_x: &'a mut [f32],
    /// Added to; laid out like what is trained.
    pub trained: &'a mut [f32],
}

impl Block<'_> {
    /// The vector-Jacobian product of [`Block::forward`] over a pack. `x` is the block's input;
    /// `kept` is what its forward pass left and is used up.
    pub(crate) fn vjp(
        &self,
        linears: &Linears<'_>,
        (pack, rotary): (&Pack, &Rotary),
        x: &[f32],
        kept: &mut Activations,
        buffers: &mut Backward,
        gradient: &mut BlockGradient<'_>,
    ) {
        buffers.resize(self, pack.num_tokens());
        self.mlp_vjp(linears, kept, buffers, gradient);
        self.attention_vjp(linears, (pack, rotary), kept, buffers, gradient);
        self.qkv_vjp(linears, x, buffers, gradient);
    }

    /// From the block's output to the middle of its residual stream.
    fn mlp_vjp(
        &self,
        linears: &Linears<'_>,
        kept: &mut Activations,
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
        silu_glu(&kept.gate_up, gated, width);
        linears.vjp(
            Projection::Down,
            gated,
            gradient.d_x,
            d_gated,
            gradient.trained,
        );
        silu_glu_vjp(&mut kept.gate_up, d_gated, width);
        let d_gate_up = &kept.gate_up;
        let weight = self.params.at(&self.layout.post_norm);
        rms_norm(
            &kept.middle,
            weight,
            self.spec.rms_norm_eps,
            normed,
            inverse,
        );
        linears.vjp(
            Projection::GateUp,
            normed,
            d_gate_up,
            d_normed,
            gradient.trained,
        );
        let norm = NormAt {
            x: &kept.middle,
            weight,
            inverse,
            d_y: d_normed,
        };
        norm.add_d_x(gradient.d_x);
        if linears.adapter.is_none() {
            norm.add_d_weight(&mut gradient.trained[self.layout.post_norm.clone()]);
        }
    }

    /// From the middle of the residual stream to what the projection of queries, keys and values
    /// made.
    fn attention_vjp(
        &self,
        linears: &Linears<'_>,
        (pack, rotary): (&Pack, &Rotary),
        kept: &Activations,
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
            Projection::Output,
            &kept.attended,
            gradient.d_x,
            d_attended,
            gradient.trained,
        );
        let at = AttentionAt {
            qkv: &kept.qkv,
            out: &kept.attended,
            log_sums: &kept.log_sums,
            d_out: d_attended,
        };
        attend_vjp(self.heads(), pack, at, d_by_head, d_qkv);
        rotary.apply(
            d_qkv,
            self.spec.qkv_width(),
            self.rotated(),
            pack.positions(),
            Turn::Backward,
        );
        if self.spec.qk_norm {
            for (norm, range) in self
                .head_norms()
                .into_iter()
                .zip([&self.layout.q_norm, &self.layout.k_norm])
            {
                let d_weight = norm.vjp(&kept.qkv_unnormed, d_qkv);
                if linears.adapter.is_none() {
                    crate::kernels::add(&mut gradient.trained[range.clone()], &d_weight);
                }
            }
        }
        if self.spec.qkv_bias && linears.adapter.is_none() {
            crate::kernels::add_rows(&mut gradient.trained[self.layout.qkv_bias.clone()], d_qkv);
        }
    }

    /// From queries, keys and values to the block's input.
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
        linears.vjp(Projection::Qkv, normed, d_qkv, d_normed, gradient.trained);
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
        self.normed.resize(tokens * spec.hidden_size, 0.0);
        self.d_normed.resize(tokens * spec.hidden_size, 0.0);
        self.inverse.resize(tokens, 0.0);
        self.gated.resize(tokens * spec.intermediate_size, 0.0);
        self.d_gated.resize(tokens * spec.intermediate_size, 0.0);
        self.d_attended.resize(tokens * spec.q_width(), 0.0);
        self.d_qkv.resize(tokens * spec.qkv_width(), 0.0);
        self.d_by_head.resize(tokens * spec.qkv_width(), 0.0);
    }
}
