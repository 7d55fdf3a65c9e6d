//! The decoder: from token ids to hidden states, logits and log-probabilities, and back to
//! gradients.
//!
//! One definition for scoring and training; sampling runs the same blocks on packed weights. Knows
//! nothing of losses: the backward pass is given the derivative of the loss by each
//! log-probability.

use crate::block::{
    Activations, Backend, Backward, Block, BlockGradient, Linears, Projection, Scratch,
};
use crate::kernels::attention::{Heads, attend};
use crate::kernels::embedding::{gather, scatter_add};
use crate::kernels::gemm::{Write, linear};
use crate::kernels::norm::{NormAt, rms_norm};
use crate::kernels::rope::Rotary;
use crate::log_prob::{LogProbs, Scored};
use crate::lora::Adapter;
use crate::pack::{Pack, Sequence};
use crate::params::{Entry, Params};
use crate::spec::ModelSpec;

/// What a forward pass keeps of each block for the backward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything the backward pass reads. Fastest.
    Activations,
    /// Only each block's input; the backward pass runs the block again. A third more arithmetic for
    /// a fraction of the memory, and the same bits.
    Inputs,
}

/// A model ready to compute. It only borrows, so it costs nothing to make.
#[derive(Debug, Clone, Copy)]
pub struct Decoder<'a> {
    spec: &'a ModelSpec,
    params: &'a Params,
    adapter: Option<&'a Adapter>,
}

/// What a forward pass leaves for the backward pass.
#[derive(Debug)]
pub struct Tape<'p> {
    pack: &'p Pack,
    rotary: Rotary,
    /// Each block's input. (T, D)
    inputs: Vec<Vec<f32>>,
    /// What each block kept; empty with [`Keep::Inputs`].
    kept: Vec<Activations>,
    /// The last block's output where a token is scored. (scored, D)
    predicting: Vec<f32>,
    log_probs: LogProbs,
}

impl Tape<'_> {
    /// The log-probability of each scored token, in the order of the pack.
    pub fn log_probs(&self) -> &[f32] {
        &self.log_probs.values
    }
}

impl<'a> Decoder<'a> {
    /// A decoder of `params`, with the adapter's terms where there is an adapter.
    pub fn new(spec: &'a ModelSpec, params: &'a Params, adapter: Option<&'a Adapter>) -> Self {
        Self {
            spec,
            params,
            adapter,
        }
    }

    /// What is trained: the adapter's tensors where there is an adapter, because the weights under
    /// it are frozen; else all of the model's. The gradient of [`Decoder::backward`] is laid out
    /// like this.
    pub fn trainable(&self) -> &'a [Entry] {
        self.adapter
            .map_or(&self.params.layout.entries, |adapter| &adapter.entries)
    }

    /// How many values are trained: the length of a gradient.
    pub fn trainable_len(&self) -> usize {
        self.trainable().last().map_or(0, |entry| entry.range.end)
    }

    /// Hidden states after the last norm. (T, D)
    pub fn hidden(&self, pack: &Pack) -> Vec<f32> {
        self.final_norm(&self.run(pack))
    }

    /// Logits of every token of one sequence, for tests and inspection: sampling and training never
    /// hold this. (T, V)
    pub fn logits(&self, ids: &[u32]) -> Vec<f32> {
        let pack = Pack::new(&[Sequence {
            ids,
            scored_from: ids.len(),
        }]);
        let mut logits = vec![0.0; ids.len() * self.spec.vocab_size]; // (T, V)
        linear(
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
        let predicting = self.pick_predicting(pack, &self.run(pack));
        self.scored(pack, &self.final_norm(&predicting))
            .log_probs()
            .values
    }

    /// The same log-probabilities, with what the backward pass needs.
    pub fn forward<'p>(&self, pack: &'p Pack, keep: Keep) -> Tape<'p> {
        let rotary = self.rotary(pack);
        let mut scratch = Scratch::default();
        let mut kept: Vec<Activations> = Vec::new();
        let mut inputs = vec![self.embed(pack)];
        for index in 0..self.spec.num_layers {
            if keep == Keep::Activations || kept.is_empty() {
                kept.push(Activations::default());
            }
            let activations = kept.last_mut().expect("one was just pushed");
            let mut out = vec![0.0; inputs[index].len()]; // (T, D)
            self.run_block(
                index,
                pack,
                &rotary,
                &inputs[index],
                &mut out,
                (activations, &mut scratch),
            );
            inputs.push(out);
        }
        if keep == Keep::Inputs {
            kept.clear();
        }
        let last = inputs.pop().expect("the embedding is there");
        let predicting = self.pick_predicting(pack, &last);
        let log_probs = self.scored(pack, &self.final_norm(&predicting)).log_probs();
        Tape {
            pack,
            rotary,
            inputs,
            kept,
            predicting,
            log_probs,
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
            mut inputs,
            mut kept,
            predicting,
            log_probs,
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
        let mut d_x = self.head_vjp(pack, &predicting, &log_probs, d_log_probs, gradient); // (T, D)
        let mut buffers = Backward::default();
        let (mut again, mut scratch) = (Activations::default(), Scratch::default());
        for index in (0..self.spec.num_layers).rev() {
            let x = inputs.pop().expect("an input per block");
            let block = Block::new(self.spec, self.params, index);
            let mut stored = kept.pop();
            let activations = stored.as_mut().unwrap_or_else(|| {
                let mut backend = OverPack {
                    linears: self.linears(index),
                    pack,
                };
                block.activate(
                    &mut backend,
                    (&rotary, pack.positions()),
                    &x,
                    (&mut again, &mut scratch),
                );
                &mut again
            });
            let mut gradient = BlockGradient {
                d_x: &mut d_x,
                trained: gradient,
            };
            block.vjp(
                &self.linears(index),
                (pack, &rotary),
                &x,
                activations,
                &mut buffers,
                &mut gradient,
            );
        }
        if self.adapter.is_none() {
            let embed = self.params.layout.embed.clone();
            scatter_add(
                &d_x,
                pack.ids(),
                self.spec.hidden_size,
                &mut gradient[embed],
            );
        }
    }

    /// The gradient of the log-probabilities, down to the last block's output. (T, D)
    fn head_vjp(
        &self,
        pack: &Pack,
        predicting: &[f32],
        log_probs: &LogProbs,
        d_log_probs: &[f32],
        gradient: &mut [f32],
    ) -> Vec<f32> {
        let width = self.spec.hidden_size;
        let layout = &self.params.layout;
        let full = self.adapter.is_none();
        let weight = self.params.at(&layout.final_norm);
        let mut normed = vec![0.0; predicting.len()]; // (scored, D)
        let mut inverse = vec![0.0; pack.num_scored()];
        rms_norm(
            predicting,
            weight,
            self.spec.rms_norm_eps,
            &mut normed,
            &mut inverse,
        );

        let mut d_normed = vec![0.0; predicting.len()]; // (scored, D)
        let d_table = full.then(|| &mut gradient[layout.lm_head.clone()]);
        self.scored(pack, &normed)
            .vjp(&log_probs.log_sums, d_log_probs, &mut d_normed, d_table);

        let norm = NormAt {
            x: predicting,
            weight,
            inverse: &inverse,
            d_y: &d_normed,
        };
        let mut d_predicting = vec![0.0; predicting.len()]; // (scored, D)
        norm.add_d_x(&mut d_predicting);
        if full {
            norm.add_d_weight(&mut gradient[layout.final_norm.clone()]);
        }
        let mut d_x = vec![0.0; pack.num_tokens() * width]; // (T, D)
        for (d, row) in d_predicting.chunks_exact(width).zip(pack.predicting_rows()) {
            d_x[row * width..][..width].copy_from_slice(d);
        }
        d_x
    }

    /// The last block's output, keeping nothing else. (T, D)
    fn run(&self, pack: &Pack) -> Vec<f32> {
        let rotary = self.rotary(pack);
        let (mut kept, mut scratch) = (Activations::default(), Scratch::default());
        let mut x = self.embed(pack);
        let mut out = vec![0.0; x.len()]; // (T, D)
        for index in 0..self.spec.num_layers {
            self.run_block(
                index,
                pack,
                &rotary,
                &x,
                &mut out,
                (&mut kept, &mut scratch),
            );
            std::mem::swap(&mut x, &mut out);
        }
        x
    }

    fn run_block(
        &self,
        index: usize,
        pack: &Pack,
        rotary: &Rotary,
        x: &[f32],
        out: &mut [f32],
        buffers: (&mut Activations, &mut Scratch),
    ) {
        let mut backend = OverPack {
            linears: self.linears(index),
            pack,
        };
        let block = Block::new(self.spec, self.params, index);
        block.forward(&mut backend, (rotary, pack.positions()), x, out, buffers);
    }

    fn linears(&self, index: usize) -> Linears<'a> {
        Linears {
            spec: self.spec,
            params: self.params,
            adapter: self.adapter,
            index,
        }
    }

    fn rotary(&self, pack: &Pack) -> Rotary {
        Rotary::new(
            self.spec,
            pack.sequences()
                .map(|sequence| sequence.len())
                .max()
                .unwrap_or(0),
        )
    }

    /// The tokens' embeddings. (T, D)
    fn embed(&self, pack: &Pack) -> Vec<f32> {
        let mut x = vec![0.0; pack.num_tokens() * self.spec.hidden_size]; // (T, D)
        gather(
            self.params.at(&self.params.layout.embed),
            pack.ids(),
            self.spec.hidden_size,
            &mut x,
        );
        x
    }

    /// The rows of (T, D) from which a scored token is predicted. (scored, D)
    fn pick_predicting(&self, pack: &Pack, x: &[f32]) -> Vec<f32> {
        let width = self.spec.hidden_size;
        pack.predicting_rows()
            .iter()
            .flat_map(|row| &x[row * width..][..width])
            .copied()
            .collect()
    }

    fn final_norm(&self, x: &[f32]) -> Vec<f32> {
        let mut normed = vec![0.0; x.len()];
        let mut inverse = vec![0.0; x.len() / self.spec.hidden_size];
        let weight = self.params.at(&self.params.layout.final_norm);
        rms_norm(x, weight, self.spec.rms_norm_eps, &mut normed, &mut inverse);
        normed
    }

    /// The output head. (V, D)
    fn lm_head(&self) -> &'a [f32] {
        self.params.at(&self.params.layout.lm_head)
    }

    fn scored<'b>(&self, pack: &'b Pack, hidden: &'b [f32]) -> Scored<'b>
    where
        'a: 'b,
    {
        Scored {
            hidden,
            targets: pack.targets(),
            table: self.lm_head(),
            width: self.spec.hidden_size,
        }
    }
}

/// Blocks over a whole pack, from the flat weights.
struct OverPack<'a> {
    linears: Linears<'a>,
    pack: &'a Pack,
}

impl Backend for OverPack<'_> {
    fn multiply(&mut self, projection: Projection, x: &[f32], y: &mut [f32], write: Write) {
        self.linears.multiply(projection, x, y, write);
    }

    fn attend(&mut self, qkv: &[f32], out: &mut [f32], log_sums: &mut [f32]) {
        attend(Heads::of(self.linears.spec), self.pack, qkv, out, log_sums);
    }
}
