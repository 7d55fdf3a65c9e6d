//! A decoder without its output head: embedding, blocks, final norm.
//!
//! Scoring, training and sampling share this and differ in their [`Backend`].

use crate::block::{Activations, Backend, Block, Positions, Scratch};
use crate::kernels::embedding::gather;
use crate::kernels::norm::rms_norm;
use crate::kernels::reserve;
use crate::params::Params;
use crate::spec::ModelSpec;

/// A decoder without its output head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backbone<'a> {
    pub spec: &'a ModelSpec,
    pub params: &'a Params,
}

/// Memory of a forward pass that saves nothing for a backward pass.
#[derive(Debug, Default)]
pub(crate) struct ForwardBuffers {
    x: Vec<f32>,   // (T, D)
    out: Vec<f32>, // (T, D)
    saved: Activations,
    scratch: Scratch,
}

impl ForwardBuffers {
    /// The last block's output. (T, D)
    pub(crate) fn output(&self) -> &[f32] {
        &self.x
    }
}

/// Rows after the final norm.
#[derive(Debug, Default)]
pub(crate) struct Normed {
    /// The rows. (T, D)
    pub rows: Vec<f32>,
    /// The inverse root mean square of each row before the norm. (T)
    pub inverse: Vec<f32>,
}

impl<'a> Backbone<'a> {
    /// Block number `index`.
    pub(crate) fn block(&self, index: usize) -> Block<'a> {
        Block::new(self.spec, self.params, index)
    }

    /// The tokens' embeddings. (T, D)
    pub(crate) fn embed(&self, ids: &[u32], x: &mut Vec<f32>) {
        let width = self.spec.hidden_size;
        reserve(x, ids.len() * width);
        gather(self.params.at(&self.params.layout.embed), ids, width, x);
    }

    /// The last block's output, left in `buffers`. (T, D)
    pub(crate) fn run<'b, B: Backend>(
        &self,
        backend: &mut B,
        ids: &[u32],
        positions: Positions<'_>,
        buffers: &'b mut ForwardBuffers,
    ) -> &'b [f32] {
        let ForwardBuffers {
            x,
            out,
            saved,
            scratch,
        } = buffers;
        self.embed(ids, x);
        reserve(out, x.len());
        for index in 0..self.spec.num_layers {
            self.block(index)
                .forward(backend, positions, x, out, saved, scratch);
            std::mem::swap(x, out);
        }
        x
    }

    /// Some rows of `x` (T, D). (rows, D)
    pub(crate) fn pick(&self, x: &[f32], rows: &[usize]) -> Vec<f32> {
        let mut picked = Vec::new();
        self.pick_into(x, rows, &mut picked);
        picked
    }

    /// The same, into memory that is kept.
    pub(crate) fn pick_into(&self, x: &[f32], rows: &[usize], picked: &mut Vec<f32>) {
        let width = self.spec.hidden_size;
        picked.clear();
        picked.reserve_exact(rows.len() * width);
        for row in rows {
            picked.extend_from_slice(&x[row * width..][..width]);
        }
    }

    /// The rows of `x` (T, D) after the final norm.
    pub(crate) fn final_norm(&self, x: &[f32]) -> Normed {
        let mut normed = Normed::default();
        self.final_norm_into(x, &mut normed);
        normed
    }

    /// The same, into memory that is kept.
    pub(crate) fn final_norm_into(&self, x: &[f32], normed: &mut Normed) {
        reserve(&mut normed.rows, x.len());
        reserve(&mut normed.inverse, x.len() / self.spec.hidden_size);
        rms_norm(
            x,
            self.params.at(&self.params.layout.final_norm),
            self.spec.rms_norm_eps,
            &mut normed.rows,
            &mut normed.inverse,
        );
    }
}
