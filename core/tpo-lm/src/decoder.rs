//! The decoder: from token ids to hidden states, logits and log-probabilities, and back to
//! gradients.
//!
//! For scoring and training; sampling runs the same blocks on packed weights. The loss is the
//! caller's: the backward pass gets the derivative of the loss by each log-probability.

mod tape;

use crate::backbone::{Backbone, ForwardBuffers};
use crate::block::Backend;
use crate::block::linear::Linears;
use crate::block::vjp::{BlockGradient, RotaryPack};
use crate::kernels::attention::{Heads, attend};
use crate::kernels::embedding::scatter_add;
use crate::kernels::gemm::Write;
use crate::kernels::linear::Products;
use crate::kernels::norm::NormAt;
use crate::kernels::reserve;
use crate::kernels::rope::Rotary;
use crate::log_prob::{HeadGradient, ScoredTokens};
use crate::lora::Adapter;
use crate::pack::{Pack, Sequence};
use crate::params::{Entry, Params};
use crate::precision::TrainPrecision;
use crate::projection::FusedProjection;
use crate::spec::ModelSpec;

use self::tape::HeadBuffers;
pub use self::tape::{Tape, TrainingBuffers};

/// Gradient checkpointing: which activations a forward pass saves for the backward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkpointing {
    /// All that the backward pass reads. Fastest.
    Off,
    /// Only each block's input; the backward pass runs the block again. A third more arithmetic for
    /// a fraction of the memory, and the same bits.
    On,
}

/// A model ready to compute. It only borrows, so it is cheap to create.
#[derive(Debug, Clone, Copy)]
pub struct Decoder<'a> {
    spec: &'a ModelSpec,
    params: &'a Params,
    adapter: Option<&'a Adapter>,
    products: Products,
}

impl<'a> Decoder<'a> {
    /// A decoder of `params`, with the adapter's terms if there is one, in `f32`.
    pub fn new(spec: &'a ModelSpec, params: &'a Params, adapter: Option<&'a Adapter>) -> Self {
        Self {
            spec,
            params,
            adapter,
            products: Products::F32,
        }
    }

    /// The same in another precision.
    ///
    /// # Panics
    ///
    /// If this machine does not have it: see [`TrainPrecision::check`].
    #[must_use]
    pub fn in_precision(self, precision: TrainPrecision) -> Self {
        precision.check().expect("the precision was checked");
        Self {
            products: precision.products(),
            ..self
        }
    }

    /// The trained tensors: the adapter's if there is one, because the weights are then frozen;
    /// else the model's. The gradient of [`Decoder::backward`] has this layout.
    pub fn trainable(&self) -> &'a [Entry] {
        self.adapter
            .map_or(&self.params.layout.entries, |adapter| &adapter.entries)
    }

    /// Number of trained values: the length of a gradient.
    pub fn trainable_len(&self) -> usize {
        self.trainable().last().map_or(0, |entry| entry.range.end)
    }

    /// Tokens of a pass from which on it takes no less time per token: with more, a training step
    /// is no faster, and takes more memory. Tiles need more, because they pack both sides of a
    /// product.
    pub fn worthwhile_tokens(&self) -> usize {
        match self.products {
            Products::F32 => 512,
            Products::Tiles(_) => 1024,
        }
    }

    /// Hidden states after the final norm. (T, D)
    pub fn hidden(&self, pack: &Pack) -> Vec<f32> {
        let mut buffers = ForwardBuffers::default();
        self.backbone()
            .final_norm(self.run(pack, &mut buffers))
            .rows
    }

    /// Logits of every token of one sequence, for tests and inspection: sampling and training never
    /// hold all of them. (T, V)
    pub fn logits(&self, ids: &[u32]) -> Vec<f32> {
        let pack = Pack::new(&[Sequence {
            ids,
            scored_from: ids.len(),
        }]);
        let mut logits = vec![0.0; ids.len() * self.spec.vocab_size]; // (T, V)
        self.products.linear(
            &mut logits,
            Write::Set,
            &self.hidden(&pack),
            self.lm_head(),
            self.spec.hidden_size,
        );
        logits
    }

    /// The log-probability of each scored token, in the order of the pack.
    pub fn log_probs(&self, pack: &Pack) -> Vec<f32> {
        let predicting = {
            let mut buffers = ForwardBuffers::default();
            let last = self.run(pack, &mut buffers);
            self.backbone().pick(last, pack.predicting_rows())
        };
        let mut head = HeadBuffers {
            predicting,
            ..HeadBuffers::default()
        };
        self.score(pack, &mut head);
        head.log_probs.values
    }

    /// The same log-probabilities, with what the backward pass needs.
    pub fn forward<'p>(
        &self,
        pack: &'p Pack,
        checkpointing: Checkpointing,
        buffers: &'p mut TrainingBuffers,
    ) -> Tape<'p> {
        let rotary = self.rotary(pack);
        let tokens = RotaryPack {
            pack,
            rotary: &rotary,
        };
        let mut backend = self.backend(pack);
        let layers = self.spec.num_layers;
        buffers.prepare(layers, checkpointing);
        self.backbone().embed(pack.ids(), &mut buffers.inputs[0]);
        for index in 0..layers {
            let (inputs, outputs) = buffers.inputs.split_at_mut(index + 1);
            let (x, out) = (&inputs[index], &mut outputs[0]);
            reserve(out, x.len());
            self.backbone().block(index).forward(
                &mut backend,
                tokens.positions(),
                x,
                out,
                &mut buffers.saved[checkpointing.place(index)],
                &mut buffers.scratch,
            );
        }
        let last = &buffers.inputs[layers];
        self.backbone()
            .pick_into(last, pack.predicting_rows(), &mut buffers.head.predicting);
        self.score(pack, &mut buffers.head);
        Tape {
            pack,
            rotary,
            checkpointing,
            buffers,
        }
    }

    /// Adds the gradient of `sum(d_log_probs * log_probs)` to `gradient`, laid out as
    /// [`Decoder::trainable`].
    ///
    /// `d_log_probs` is the derivative of the loss by each scored token's log-probability, in the
    /// order of the pack; 0 leaves a token out of the loss.
    pub fn backward(&self, tape: Tape<'_>, d_log_probs: &[f32], gradient: &mut [f32]) {
        let Tape {
            pack,
            rotary,
            checkpointing,
            buffers,
        } = tape;
        assert_eq!(
            d_log_probs.len(),
            pack.num_scored(),
            "one derivative per scored token"
        );
        assert_eq!(
            gradient.len(),
            self.trainable_len(),
            "the gradient's layout is that of what is trained"
        );
        self.head_vjp(pack, buffers, d_log_probs, gradient);
        let TrainingBuffers {
            inputs,
            saved,
            scratch,
            d_x,
            backward,
            ..
        } = buffers;
        let tokens = RotaryPack {
            pack,
            rotary: &rotary,
        };
        for index in (0..self.spec.num_layers).rev() {
            let block = self.backbone().block(index);
            let x = &inputs[index];
            let activations = &mut saved[checkpointing.place(index)];
            if checkpointing == Checkpointing::On {
                block.activate(
                    &mut self.backend(pack),
                    tokens.positions(),
                    x,
                    activations,
                    scratch,
                );
            }
            let mut gradient = BlockGradient {
                d_x,
                trained: gradient,
            };
            block.vjp(
                &self.linears(index),
                tokens,
                x,
                activations,
                backward,
                &mut gradient,
            );
        }
        if self.adapter.is_none() {
            let embed = self.params.layout.embed.clone();
            scatter_add(d_x, pack.ids(), self.spec.hidden_size, &mut gradient[embed]);
        }
    }

    /// The gradient of the log-probabilities, down to the last block's output, in `buffers.d_x`.
    /// (T, D)
    fn head_vjp(
        &self,
        pack: &Pack,
        buffers: &mut TrainingBuffers,
        d_log_probs: &[f32],
        gradient: &mut [f32],
    ) {
        let width = self.spec.hidden_size;
        let layout = &self.params.layout;
        let full = self.adapter.is_none();
        let TrainingBuffers { head, d_x, .. } = buffers;
        let HeadBuffers {
            predicting,
            normed,
            log_probs,
            logits,
            d_normed,
            d_predicting,
        } = head;
        reserve(d_normed, predicting.len());
        let d_table = full.then(|| &mut gradient[layout.lm_head.clone()]);
        let vjp = HeadGradient {
            d_hidden: d_normed,
            d_table,
        };
        self.scored(pack, &normed.rows)
            .vjp(&log_probs.lse, d_log_probs, vjp, logits);

        let norm = NormAt {
            x: predicting,
            weight: self.params.at(&layout.final_norm),
            inverse: &normed.inverse,
            d_y: d_normed,
        };
        reserve(d_predicting, predicting.len());
        d_predicting.fill(0.0);
        norm.add_d_x(d_predicting);
        if full {
            norm.add_d_weight(&mut gradient[layout.final_norm.clone()]);
        }
        reserve(d_x, pack.num_tokens() * width);
        d_x.fill(0.0);
        for (d, row) in d_predicting.chunks_exact(width).zip(pack.predicting_rows()) {
            // Two sides of a pair share the row that predicts their first token.
            crate::kernels::add(&mut d_x[row * width..][..width], d);
        }
    }

    /// The last block's output, for no backward pass. (T, D)
    fn run<'b>(&self, pack: &Pack, buffers: &'b mut ForwardBuffers) -> &'b [f32] {
        let rotary = self.rotary(pack);
        let tokens = RotaryPack {
            pack,
            rotary: &rotary,
        };
        let backend = &mut self.backend(pack);
        self.backbone()
            .run(backend, pack.ids(), tokens.positions(), buffers)
    }

    /// The log-probability of each scored token, from the last block's output in the rows that
    /// predict them.
    fn score(&self, pack: &Pack, head: &mut HeadBuffers) {
        let HeadBuffers {
            predicting,
            normed,
            log_probs,
            logits,
            ..
        } = head;
        self.backbone().final_norm_into(predicting, normed);
        self.scored(pack, &normed.rows).log_probs(logits, log_probs);
    }

    fn scored<'b>(&self, pack: &'b Pack, hidden: &'b [f32]) -> ScoredTokens<'b>
    where
        'a: 'b,
    {
        ScoredTokens {
            hidden,
            targets: pack.targets(),
            table: self.lm_head(),
            width: self.spec.hidden_size,
            products: self.products,
        }
    }

    /// The output head. (V, D)
    fn lm_head(&self) -> &'a [f32] {
        self.params.at(&self.params.layout.lm_head)
    }

    fn backbone(&self) -> Backbone<'a> {
        Backbone {
            spec: self.spec,
            params: self.params,
        }
    }

    fn backend<'b>(&self, pack: &'b Pack) -> PackBackend<'b>
    where
        'a: 'b,
    {
        PackBackend {
            decoder: *self,
            pack,
        }
    }

    fn linears(&self, index: usize) -> Linears<'a> {
        Linears {
            spec: self.spec,
            params: self.params,
            adapter: self.adapter,
            index,
            products: self.products,
        }
    }

    fn rotary(&self, pack: &Pack) -> Rotary {
        let last = pack.positions().iter().max();
        Rotary::new(self.spec, last.map_or(0, |last| *last as usize + 1))
    }
}

/// Blocks over a whole pack, from the flat weights.
struct PackBackend<'a> {
    decoder: Decoder<'a>,
    pack: &'a Pack,
}

impl Backend for PackBackend<'_> {
    fn multiply(
        &mut self,
        layer: usize,
        projection: FusedProjection,
        x: &[f32],
        y: &mut [f32],
        write: Write,
    ) {
        self.decoder
            .linears(layer)
            .multiply(projection, x, y, write);
    }

    fn attend(&mut self, _: usize, qkv: &[f32], out: &mut [f32], lse: &mut [f32]) {
        attend(Heads::of(self.decoder.spec), self.pack, qkv, out, lse);
    }
}
