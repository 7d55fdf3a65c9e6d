//! The policy packed for sampling, and its two steps: reading prompts and taking one token further.
//!
//! The blocks are those of training; only their products (packed panels) and their attention
//! (cached keys and values) are this module's. Knows nothing of text or of how a token is chosen.

use std::sync::Arc;

use super::attend::{Span, attend_cached};
use super::cache::KvCache;
use crate::block::{Activations, Backend, Block, Projection, Scratch};
use crate::kernels::attention::Heads;
use crate::kernels::embedding::gather;
use crate::kernels::gemm::Write;
use crate::kernels::norm::rms_norm;
use crate::kernels::panel::{Panels, Rows};
use crate::kernels::rope::Rotary;
use crate::params::Params;
use crate::policy::Policy;

/// A policy whose matrices are packed, its adapter merged into them.
#[derive(Debug)]
pub(crate) struct Engine {
    policy: Arc<Policy>,
    /// Block by block, in the order of [`Projection::ALL`].
    blocks: Vec<[Panels; 4]>,
    /// Nothing where logits are never asked for.
    lm_head: Option<Panels>,
    buffers: Buffers,
}

/// Memory that every step uses again.
#[derive(Debug, Default)]
struct Buffers {
    x: Vec<f32>,      // (M, D)
    out: Vec<f32>,    // (M, D)
    last: Vec<f32>,   // (rows with logits, D)
    logits: Vec<f32>, // (rows with logits, V)
    packed: Rows,
    kept: Activations,
    scratch: Scratch,
}

/// A prompt to be read.
pub(crate) struct PromptFeed<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// Receives its keys and values.
    pub cache: &'a mut KvCache,
}

/// A text that goes on behind a prompt that has been read.
pub(crate) struct SuffixFeed<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// Tokens of the prompt.
    pub prompt_len: usize,
    /// The prompt's cache.
    pub prompt: &'a KvCache,
    /// Receives its own keys and values.
    pub own: &'a mut KvCache,
}

/// A completion to be taken one token further.
pub(crate) struct TokenFeed<'a> {
    /// Its last token.
    pub id: u32,
    /// Tokens of its prompt.
    pub prompt_len: usize,
    /// Where the token stands in the completion, from 0.
    pub index: usize,
    /// The prompt's cache.
    pub prompt: &'a KvCache,
    /// Its own cache.
    pub own: &'a mut KvCache,
}

impl Engine {
    /// Packs a policy.
    pub(crate) fn new(policy: Arc<Policy>) -> Self {
        let merged = policy
            .adapter
            .as_ref()
            .map(|adapter| adapter.merged(&policy.params));
        let params = merged.as_ref().unwrap_or(&policy.params);
        let blocks = pack_blocks(&policy, params);
        let lm_head = Panels::pack(params.at(&params.layout.lm_head), policy.spec.hidden_size);
        Self {
            blocks,
            lm_head: Some(lm_head),
            policy,
            buffers: Buffers::default(),
        }
    }

    /// The same without an output head: for hidden states only.
    pub(crate) fn without_head(policy: Arc<Policy>) -> Self {
        let blocks = pack_blocks(&policy, &policy.params);
        Self {
            blocks,
            lm_head: None,
            policy,
            buffers: Buffers::default(),
        }
    }

    /// The policy.
    pub(crate) fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// An empty cache for a sequence.
    pub(crate) fn cache(&self, tokens: usize) -> KvCache {
        KvCache::new(
            Heads::of(&self.policy.spec),
            self.policy.spec.num_layers,
            tokens,
        )
    }

    /// How many numbers such a cache holds.
    pub(crate) fn cache_size(&self, tokens: usize) -> usize {
        KvCache::size(
            Heads::of(&self.policy.spec),
            self.policy.spec.num_layers,
            tokens,
        )
    }

    /// Angles for sequences of up to `positions` tokens.
    pub(crate) fn rotary(&self, positions: usize) -> Rotary {
        Rotary::new(&self.policy.spec, positions)
    }

    /// Reads prompts; returns the logits after the last token of each. (P, V)
    pub(crate) fn read(&mut self, rotary: &Rotary, prompts: &mut [PromptFeed<'_>]) -> &[f32] {
        let ends = prompts.iter().scan(0, |end, prompt| {
            *end += prompt.ids.len();
            Some(*end - 1)
        });
        let last_rows: Vec<usize> = ends.collect();
        self.run_prompts(rotary, prompts);
        self.logits(&last_rows)
    }

    /// Reads prompts; returns hidden states after the last norm, rows being counted over all
    /// prompts. (rows, D)
    pub(crate) fn read_hidden(
        &mut self,
        rotary: &Rotary,
        prompts: &mut [PromptFeed<'_>],
        rows: &[usize],
    ) -> &[f32] {
        self.run_prompts(rotary, prompts);
        self.normed(rows)
    }

    /// Reads texts behind prompts that have been read; returns hidden states after the last norm,
    /// rows being counted over all texts. (rows, D)
    pub(crate) fn follow_hidden(
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
        self.run(&ids, (rotary, &positions), &mut Fed::Suffixes(texts));
        self.normed(rows)
    }

    /// Takes completions one token further; returns the logits after it. Rows with the same prompt
    /// stand side by side. (M, V)
    pub(crate) fn step(&mut self, rotary: &Rotary, rows: &mut [TokenFeed<'_>]) -> &[f32] {
        let ids: Vec<u32> = rows.iter().map(|row| row.id).collect();
        let positions: Vec<u32> = rows
            .iter()
            .map(|row| (row.prompt_len + row.index) as u32)
            .collect();
        let last_rows: Vec<usize> = (0..rows.len()).collect();
        self.run(&ids, (rotary, &positions), &mut Fed::Tokens(rows));
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
        self.run(&ids, (rotary, &positions), &mut Fed::Prompts(prompts));
    }

    /// Runs the blocks; the last one's output is left in `x`.
    fn run(&mut self, ids: &[u32], (rotary, positions): (&Rotary, &[u32]), fed: &mut Fed<'_, '_>) {
        let Self {
            policy,
            blocks,
            buffers,
            ..
        } = self;
        let (spec, params) = (&policy.spec, &policy.params);
        buffers.x.resize(ids.len() * spec.hidden_size, 0.0);
        buffers.out.resize(ids.len() * spec.hidden_size, 0.0);
        gather(
            params.at(&params.layout.embed),
            ids,
            spec.hidden_size,
            &mut buffers.x,
        );
        for (layer, panels) in blocks.iter().enumerate() {
            let packed = &mut buffers.packed;
            let mut backend = OverCaches {
                heads: Heads::of(spec),
                layer,
                panels,
                packed,
                fed,
            };
            let kept = (&mut buffers.kept, &mut buffers.scratch);
            let block = Block::new(spec, params, layer);
            block.forward(
                &mut backend,
                (rotary, positions),
                &buffers.x,
                &mut buffers.out,
                kept,
            );
            std::mem::swap(&mut buffers.x, &mut buffers.out);
        }
    }

    /// Logits of some rows. (rows, V)
    fn logits(&mut self, rows: &[usize]) -> &[f32] {
        self.normed(rows);
        let Self {
            policy,
            lm_head,
            buffers,
            ..
        } = self;
        buffers
            .logits
            .resize(rows.len() * policy.spec.vocab_size, 0.0);
        let lm_head = lm_head
            .as_ref()
            .expect("logits are asked for where there is a head");
        lm_head.multiply(
            &buffers.last,
            &mut buffers.logits,
            false,
            &mut buffers.packed,
        );
        &buffers.logits
    }

    /// Some rows after the last norm. (rows, D)
    fn normed(&mut self, rows: &[usize]) -> &[f32] {
        let Self {
            policy, buffers, ..
        } = self;
        let (spec, params) = (&policy.spec, &policy.params);
        let width = spec.hidden_size;
        let picked: Vec<f32> = rows
            .iter()
            .flat_map(|row| &buffers.x[row * width..][..width])
            .copied()
            .collect();
        buffers.last.resize(picked.len(), 0.0);
        let mut inverse = vec![0.0; rows.len()];
        let weight = params.at(&params.layout.final_norm);
        rms_norm(
            &picked,
            weight,
            spec.rms_norm_eps,
            &mut buffers.last,
            &mut inverse,
        );
        &buffers.last
    }
}

fn pack_blocks(policy: &Policy, params: &Params) -> Vec<[Panels; 4]> {
    let spec = &policy.spec;
    let pack = |block, projection: Projection| {
        Panels::pack(params.at(projection.range(block)), projection.inputs(spec))
    };
    params
        .layout
        .blocks
        .iter()
        .map(|block| Projection::ALL.map(|projection| pack(block, projection)))
        .collect()
}

/// What is being fed.
enum Fed<'a, 'b> {
    Prompts(&'a mut [PromptFeed<'b>]),
    Suffixes(&'a mut [SuffixFeed<'b>]),
    Tokens(&'a mut [TokenFeed<'b>]),
}

impl Fed<'_, '_> {
    /// Writes every row's keys and values into its cache.
    fn write(&mut self, layer: usize, qkv: &[f32], width: usize) {
        let mut rows = qkv.chunks_exact(width);
        match self {
            Self::Prompts(prompts) => {
                for prompt in prompts.iter_mut() {
                    for (position, row) in rows.by_ref().take(prompt.ids.len()).enumerate() {
                        prompt.cache.write(layer, position, row);
                    }
                }
            }
            Self::Suffixes(texts) => {
                for text in texts.iter_mut() {
                    text.own.reserve(text.ids.len());
                    for (position, row) in rows.by_ref().take(text.ids.len()).enumerate() {
                        text.own.write(layer, position, row);
                    }
                }
            }
            Self::Tokens(tokens) => {
                for (token, row) in tokens.iter_mut().zip(rows) {
                    token.own.reserve(token.index + 1);
                    token.own.write(layer, token.index, row);
                }
            }
        }
    }

    /// What the rows see.
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

impl PromptFeed<'_> {
    /// Each token sees itself and what is before it.
    fn span(&self) -> Span<'_> {
        Span {
            shared: &*self.cache,
            visible: (1..=self.ids.len()).collect(),
            own: Vec::new(),
        }
    }
}

impl SuffixFeed<'_> {
    /// Each token sees all of the prompt, itself, and what is before it in its own text.
    fn span(&self) -> Span<'_> {
        Span {
            shared: self.prompt,
            visible: vec![self.prompt_len; self.ids.len()],
            own: (1..=self.ids.len())
                .map(|visible| (&*self.own, visible))
                .collect(),
        }
    }
}

impl TokenFeed<'_> {
    /// Each token sees all of the prompt, and what is before it in its own completion.
    fn span<'a>(rows: &'a [TokenFeed<'_>]) -> Span<'a> {
        Span {
            shared: rows[0].prompt,
            visible: rows.iter().map(|row| row.prompt_len).collect(),
            own: rows.iter().map(|row| (&*row.own, row.index + 1)).collect(),
        }
    }
}

/// Blocks over packed weights and cached keys and values.
struct OverCaches<'a, 'b, 'c> {
    heads: Heads,
    layer: usize,
    panels: &'a [Panels; 4],
    packed: &'a mut Rows,
    fed: &'a mut Fed<'b, 'c>,
}

impl Backend for OverCaches<'_, '_, '_> {
    fn multiply(&mut self, projection: Projection, x: &[f32], y: &mut [f32], write: Write) {
        debug_assert!(
            matches!(write, Write::Set | Write::Add(1.0)),
            "blocks do not scale"
        );
        self.panels[projection as usize].multiply(x, y, write != Write::Set, self.packed);
    }

    fn attend(&mut self, qkv: &[f32], out: &mut [f32], _: &mut [f32]) {
        self.fed.write(self.layer, qkv, self.heads.qkv_width());
        attend_cached(self.heads, self.layer, &self.fed.spans(), qkv, out);
    }
}
