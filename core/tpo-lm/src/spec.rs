//! What a decoder looks like: every difference between model families, as data.
//!
//! Filled from a `config.json` or from GGUF metadata by [`crate::load`]; the block reads only this
//! and never asks which family it is running.

use serde::{Deserialize, Serialize};

/// The family, for names in exported files only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// Llama 2/3, SmolLM2.
    Llama,
    /// Mistral.
    Mistral,
    /// Qwen2 and Qwen2.5.
    Qwen2,
    /// Qwen3 (dense).
    Qwen3,
}

/// Llama 3's stretching of rotary frequencies (`rope_type = "llama3"`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Llama3Rope {
    /// Divides the low frequencies.
    pub factor: f32,
    /// Wavelengths above `original_max_positions / low_freq_factor` are stretched in full.
    pub low_freq_factor: f32,
    /// Wavelengths below `original_max_positions / high_freq_factor` are left alone.
    pub high_freq_factor: f32,
    /// Context of the model before stretching, in tokens.
    pub original_max_positions: usize,
}

/// A decoder-only transformer: pre-norm blocks of grouped-query attention with rotary positions and
/// a gated `SiLU` MLP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The family.
    pub family: Family,
    /// `V`, rows of the embedding.
    pub vocab_size: usize,
    /// `D`, width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the MLP.
    pub intermediate_size: usize,
    /// Blocks.
    pub num_layers: usize,
    /// Query heads.
    pub num_heads: usize,
    /// Key and value heads; divides `num_heads`.
    pub num_kv_heads: usize,
    /// Width of one head; `num_heads * head_dim` may differ from `hidden_size`.
    pub head_dim: usize,
    /// Added to the mean square in RMS norms.
    pub rms_norm_eps: f32,
    /// Base of the rotary frequencies.
    pub rope_theta: f32,
    /// Stretching of the rotary frequencies.
    pub rope_scaling: Option<Llama3Rope>,
    /// Context, in tokens.
    pub max_positions: usize,
    /// The output head is the embedding.
    pub tie_word_embeddings: bool,
    /// Query, key and value projections have a bias (Qwen2).
    pub qkv_bias: bool,
    /// Queries and keys are RMS-normed per head before rotation (Qwen3).
    pub qk_norm: bool,
    /// Tokens that end the assistant's turn.
    pub eos_token_ids: Vec<u32>,
    /// The token that texts of the model begin with; in prompts the chat template writes it.
    pub bos_token_id: Option<u32>,
}

impl ModelSpec {
    /// Width of all query heads together.
    pub fn q_width(&self) -> usize {
        self.num_heads * self.head_dim
    }

    /// Width of all key heads together; the value heads have the same.
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
