//! The shape of a decoder: every difference between model families, as data.
//!
//! [`crate::load`] fills it from a `config.json` or from GGUF metadata. The code that computes
//! reads only this.

use crate::family::Family;

/// RoPE scaling as in Llama 3 (`rope_type = "llama3"`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Llama3RopeScaling {
    /// Low frequencies are divided by this.
    pub factor: f32,
    /// Wavelengths above `original_max_positions / low_freq_factor` are scaled in full.
    pub low_freq_factor: f32,
    /// Wavelengths below `original_max_positions / high_freq_factor` are not scaled.
    pub high_freq_factor: f32,
    /// Context length before scaling, in tokens.
    pub original_max_positions: usize,
}

/// A decoder-only transformer: pre-norm blocks of grouped-query attention with rotary position
/// embeddings (RoPE) and a gated `SiLU` MLP.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// The family, for loading and exporting.
    pub family: &'static Family,
    /// `V`, rows of the embedding.
    pub vocab_size: usize,
    /// `D`, width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the MLP.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub num_layers: usize,
    /// Number of query heads.
    pub num_heads: usize,
    /// Number of key heads and of value heads; divides `num_heads`.
    pub num_kv_heads: usize,
    /// Width of one head; `num_heads * head_dim` may differ from `hidden_size`.
    pub head_dim: usize,
    /// Added to the mean square in RMS norms.
    pub rms_norm_eps: f32,
    /// Base of the RoPE frequencies.
    pub rope_theta: f32,
    /// RoPE scaling.
    pub rope_scaling: Option<Llama3RopeScaling>,
    /// Context length, in tokens.
    pub max_positions: usize,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
    /// Whether query, key and value projections have a bias.
    pub qkv_bias: bool,
    /// Whether queries and keys are RMS-normed per head before rotation.
    pub qk_norm: bool,
    /// Tokens that end the assistant's turn.
    pub eos_token_ids: Vec<u32>,
    /// The token that begins a text; in prompts the chat template writes it.
    pub bos_token_id: Option<u32>,
}

impl ModelSpec {
    /// Width of all query heads together.
    pub fn q_width(&self) -> usize {
        self.num_heads * self.head_dim
    }

    /// Width of all key heads together, and of all value heads.
    pub fn kv_width(&self) -> usize {
        self.num_kv_heads * self.head_dim
    }

    /// Width of queries, keys and values side by side.
    pub fn qkv_width(&self) -> usize {
        self.q_width() + 2 * self.kv_width()
    }

    /// Query heads per key head.
    pub fn group_size(&self) -> usize {
        self.num_heads / self.num_kv_heads
    }
}
