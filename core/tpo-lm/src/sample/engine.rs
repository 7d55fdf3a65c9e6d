//! The model packed for inference, and its two steps: prefill of prompts and decode of one token.
//!
//! The blocks are those of training; only their products (packed matrices) and their attention
//! (cached keys and values) differ.

#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::attend::{OwnCache, Span, attend_cached};
use super::cache::{KvCache, Pages};
use crate::backbone::{self, Backbone, Normed};
use crate::block::{Backend, Positions};
use crate::kernels::attention::Heads;
use crate::kernels::gemm::Write;
use crate::kernels::rope::Rotary;
use crate::kernels::{reserve, team};
use crate::model::Model;
use crate::params::Params;
use crate::precision::Precision;
use crate::projection::FusedProjection;
use crate::weights::{PackedInputs, PackedWeights};

/// A model whose matrices are packed, its adapter merged into them.
#[derive(Debug)]
pub(crate) struct Engine {
    model: Arc<Model>,
    /// Block by block, in the order of [`FusedProjection::ALL`].
    blocks: Vec<[PackedWeights; 4]>,
    /// None for hidden states only.
    lm_head: Option<PackedWeights>,
    pages: Pages,
    buffers: EngineBuffers,
}

/// Memory that every step reuses.
#[derive(Debug, Default)]
struct EngineBuffers {
    blocks: backbone::ForwardBuffers,
    last: Normed,     // (rows with logits, D)
    logits: Vec<f32>, // (rows with logits, V)
    packed: PackedInputs,
}

/// A prompt to prefill.
pub(crate) struct PromptFeed<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// Receives its keys and values.
    pub cache: &'a mut KvCache,
}

/// A text that continues a cached prompt.
pub(crate) struct SuffixFeed<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// Length of the prompt, in tokens.
    pub prompt_len: usize,
    /// The prompt's cache.
    pub prompt: &'a KvCache,
    /// Receives its own keys and values.
    pub own: &'a mut KvCache,
}

/// The last token of a completion.
pub(crate) struct TokenFeed<'a> {
    /// The token.
    pub id: u32,
    /// Length of the prompt, in tokens.
    pub prompt_len: usize,
    /// Index of the token in the completion.
    pub index: usize,
    /// The prompt's cache.
    pub prompt: &'a KvCache,
    /// The completion's cache.
    pub own: &'a mut KvCache,
}

impl Engine {
    /// Packs a model for a precision that this machine has.
    pub(crate) fn new(model: Arc<Model>, precision: Precision) -> Self {
        let merged = model
            .adapter
            .as_ref()
            .map(|adapter| adapter.merged(&model.params));
        let params = merged.as_ref().unwrap_or(&model.params);
        let blocks = pack_blocks(&model, params, precision);
        let lm_head = params.at(&params.layout.lm_head);
        let lm_head = PackedWeights::pack(precision, lm_head, model.spec.hidden_size);
        Self {
            blocks,
            lm_head: Some(lm_head),
            pages: pages(&model),
            model,
            buffers: EngineBuffers::default(),
        }
    }

    /// Packs a model without its output head, for hidden states only.
    pub(crate) fn without_head(model: Arc<Model>) -> Self {
        let blocks = pack_blocks(&model, &model.params, Precision::F32);
        Self {
            blocks,
            lm_head: None,
            pages: pages(&model),
            model,
            buffers: EngineBuffers::default(),
        }
    }

    /// The model.
    pub(crate) fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Bytes of weights that a step reads.
    pub(crate) fn weight_bytes(&self) -> usize {
        let matrices = self.blocks.iter().flatten().chain(&self.lm_head);
        matrices.map(PackedWeights::bytes).sum()
    }

    /// The pages of its caches.
    pub(crate) fn pages(&mut self) -> &mut Pages {
        &mut self.pages
    }

    /// Angles for sequences of up to `positions` tokens.
    pub(crate) fn rotary(&self, positions: usize) -> Rotary {
        Rotary::new(&self.model.spec, positions)
    }

    /// Prefills prompts; returns the logits after the last token of each. (P, V)
    pub(crate) fn prefill(&mut self, rotary: &Rotary, prompts: &mut [PromptFeed<'_>]) -> &[f32] {
        let ends = prompts.iter().scan(0, |end, prompt| {
            *end += prompt.ids.len();
            Some(*end - 1)
        });
        let last_rows: Vec<usize> = ends.collect();
        self.run_prompts(rotary, prompts);
        self.logits(&last_rows)
    }

    /// Prefills prompts; returns hidden states after the final norm. `rows` counts the tokens of
    /// all prompts. (rows, D)
    pub(crate) fn prefill_hidden(
        &mut self,
        rotary: &Rotary,
        prompts: &mut [PromptFeed<'_>],
        rows: &[usize],
    ) -> &[f32] {
        self.run_prompts(rotary, prompts);
        self.hidden(rows)
    }

    /// Extends cached prompts by texts; returns hidden states after the final norm. `rows` counts
    /// the tokens of all texts. (rows, D)
    pub(crate) fn extend_hidden(
        &mut self,
        rotary: &Rotary,
        texts: &mut [SuffixFeed<'_>],
        rows: &[usize],
    ) -> &[f32] {
        let ids: Vec<u32> = texts.iter().flat_map(|text| text.ids).copied().collect();
        let positions = texts
            .iter()
            .flat_map(|text| (text.prompt_len..).take(text.ids.len()));
        let positions: Vec<u32> = positions.map(|position| position as u32).collect();
        let positions = Positions {
            rotary,
            of_tokens: &positions,
        };
        self.run(&ids, positions, &mut Feed::Suffixes(texts));
        self.hidden(rows)
    }

    /// Decodes one token of each completion; returns the logits after it. Rows with the same prompt
    /// are adjacent. (M, V)
    pub(crate) fn decode(&mut self, rotary: &Rotary, rows: &mut [TokenFeed<'_>]) -> &[f32] {
        let ids: Vec<u32> = rows.iter().map(|row| row.id).collect();
        let positions: Vec<u32> = rows
            .iter()
            .map(|row| (row.prompt_len + row.index) as u32)
            .collect();
        let positions = Positions {
            rotary,
            of_tokens: &positions,
        };
        let last_rows: Vec<usize> = (0..rows.len()).collect();
        self.run(&ids, positions, &mut Feed::Tokens(rows));
        self.logits(&last_rows)
    }

    fn run_prompts(&mut self, rotary: &Rotary, prompts: &mut [PromptFeed<'_>]) {
        let ids: Vec<u32> = prompts
            .iter()
            .flat_map(|prompt| prompt.ids)
            .copied()
            .collect();
        let positions: Vec<u32> = prompts
            .iter()
            .flat_map(|prompt| 0..prompt.ids.len() as u32)
            .collect();
        let positions = Positions {
            rotary,
            of_tokens: &positions,
        };
        self.run(&ids, positions, &mut Feed::Prompts(prompts));
    }

    /// Runs the blocks; the last one's output is left in the buffers.
    fn run(&mut self, ids: &[u32], positions: Positions<'_>, feed: &mut Feed<'_, '_>) {
        let mut backend = CacheBackend {
            heads: Heads::of(&self.model.spec),
            blocks: &self.blocks,
            packed: &mut self.buffers.packed,
            feed,
        };
        backbone(&self.model).run(&mut backend, ids, positions, &mut self.buffers.blocks);
    }

    /// Logits of some rows. (rows, V)
    fn logits(&mut self, rows: &[usize]) -> &[f32] {
        self.hidden(rows);
        let EngineBuffers {
            last,
            logits,
            packed,
            ..
        } = &mut self.buffers;
        reserve(logits, rows.len() * self.model.spec.vocab_size);
        let lm_head = self
            .lm_head
            .as_ref()
            .expect("logits are computed only by engines with a head");
        lm_head.multiply(&last.rows, logits, false, packed);
        logits
    }

    /// Some rows after the final norm. (rows, D)
    fn hidden(&mut self, rows: &[usize]) -> &[f32] {
        let backbone = backbone(&self.model);
        let picked = backbone.pick(self.buffers.blocks.output(), rows);
        self.buffers.last = backbone.final_norm(&picked);
        &self.buffers.last.rows
    }
}

fn backbone(model: &Model) -> Backbone<'_> {
    Backbone {
        spec: &model.spec,
        params: &model.params,
    }
}

fn pages(model: &Model) -> Pages {
    Pages::new(Heads::of(&model.spec), model.spec.num_layers)
}

fn pack_blocks(model: &Model, params: &Params, precision: Precision) -> Vec<[PackedWeights; 4]> {
    let spec = &model.spec;
    let pack = |block, projection: FusedProjection| {
        let weights = params.at(projection.range(block));
        PackedWeights::pack(precision, weights, projection.inputs(spec))
    };
    params
        .layout
        .blocks
        .iter()
        .map(|block| FusedProjection::ALL.map(|projection| pack(block, projection)))
        .collect()
}

/// The tokens of one forward pass.
enum Feed<'a, 'b> {
    Prompts(&'a mut [PromptFeed<'b>]),
    Suffixes(&'a mut [SuffixFeed<'b>]),
    Tokens(&'a mut [TokenFeed<'b>]),
}

impl Feed<'_, '_> {
    /// Writes every row's keys and values into its cache.
    fn write(&mut self, layer: usize, qkv: &[f32], width: usize) {
        let mut rest = qkv;
        let mut writes: Vec<CacheWrite<'_>> = Vec::new();
        let mut write = |cache, first, tokens| {
            let rows = rest.split_off(..tokens * width).expect("a row per token");
            writes.push(CacheWrite { cache, first, rows });
        };
        match self {
            Self::Prompts(prompts) => {
                for prompt in prompts.iter_mut() {
                    write(&mut *prompt.cache, 0, prompt.ids.len());
                }
            }
            Self::Suffixes(texts) => {
                for text in texts.iter_mut() {
                    write(&mut *text.own, 0, text.ids.len());
                }
            }
            Self::Tokens(tokens) => {
                for token in tokens.iter_mut() {
                    write(&mut *token.own, token.index, 1);
                }
            }
        }
        team::for_each(writes, |CacheWrite { cache, first, rows }| {
            for (at, row) in rows.chunks_exact(width).enumerate() {
                cache.write(layer, first + at, row);
            }
        });
    }

    /// What the rows attend to.
    fn spans(&self) -> Vec<Span<'_>> {
        match self {
            Self::Prompts(prompts) => prompts.iter().map(PromptFeed::span).collect(),
            Self::Suffixes(texts) => texts.iter().map(SuffixFeed::span).collect(),
            Self::Tokens(tokens) => tokens
                .chunk_by(|a, b| std::ptr::eq(a.prompt, b.prompt))
                .map(TokenFeed::span)
                .collect(),
        }
    }
}

/// Rows whose keys and values go into a cache.
struct CacheWrite<'a> {
    cache: &'a mut KvCache,
    /// Position of the first row.
    first: usize,
    rows: &'a [f32], // (tokens, qkv_width)
}

impl PromptFeed<'_> {
    /// Each token attends to itself and the tokens before it.
    fn span(&self) -> Span<'_> {
        Span {
            shared: &*self.cache,
            visible: (1..=self.ids.len()).collect(),
            own: Vec::new(),
        }
    }
}

impl SuffixFeed<'_> {
    /// Each token attends to the prompt, itself, and the tokens before it in its own text.
    fn span(&self) -> Span<'_> {
        Span {
            shared: self.prompt,
            visible: vec![self.prompt_len; self.ids.len()],
            own: (1..=self.ids.len())
                .map(|visible| OwnCache {
                    cache: self.own,
                    visible,
                })
                .collect(),
        }
    }
}

impl TokenFeed<'_> {
    /// Each token attends to the prompt, itself, and the tokens before it in its own completion.
    fn span<'a>(rows: &'a [TokenFeed<'_>]) -> Span<'a> {
        Span {
            shared: rows[0].prompt,
            visible: rows.iter().map(|row| row.prompt_len).collect(),
            own: rows
                .iter()
                .map(|row| OwnCache {
                    cache: row.own,
                    visible: row.index + 1,
                })
                .collect(),
        }
    }
}

/// Blocks over packed weights and cached keys and values.
struct CacheBackend<'a, 'b, 'c> {
    heads: Heads,
    blocks: &'a [[PackedWeights; 4]],
    packed: &'a mut PackedInputs,
    feed: &'a mut Feed<'b, 'c>,
}

impl Backend for CacheBackend<'_, '_, '_> {
    fn multiply(
        &mut self,
        layer: usize,
        projection: FusedProjection,
        x: &[f32],
        y: &mut [f32],
        write: Write,
    ) {
        debug_assert!(
            matches!(write, Write::Set | Write::Add(1.0)),
            "blocks do not scale"
        );
        let matrix = &self.blocks[layer][projection as usize];
        matrix.multiply(x, y, write != Write::Set, self.packed);
    }

    fn attend(&mut self, layer: usize, qkv: &[f32], out: &mut [f32], _: &mut [f32]) {
        self.feed.write(layer, qkv, self.heads.qkv_width());
        attend_cached(self.heads, layer, &self.feed.spans(), qkv, out);
    }
}
