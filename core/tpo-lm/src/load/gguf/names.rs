//! Names and row order of GGUF tensors, translated to those of Hugging Face.

use crate::family::Family;

/// Hugging Face name and GGUF name: first of tensors outside the blocks, then of those within one.
const NAMES: [(&str, &str); 14] = [
    ("model.embed_tokens", "token_embd"),
    ("model.norm", "output_norm"),
    ("lm_head", "output"),
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

/// The GGUF name of a tensor of [`crate::params::Layout`].
pub(super) fn in_gguf(name: &str) -> String {
    let translate = |part| {
        NAMES
            .iter()
            .find(|known| known.0 == part)
            .map_or(part, |known| known.1)
    };
    let (stem, suffix) = name.rsplit_once('.').unwrap_or((name, ""));
    match stem
        .strip_prefix("model.layers.")
        .and_then(|rest| rest.split_once('.'))
    {
        Some((index, part)) => format!("blk.{index}.{}.{suffix}", translate(part)),
        None => format!("{}.{suffix}", translate(stem)),
    }
}

/// Whether GGUF files have the rows of a tensor in another order than Hugging Face.
pub(super) fn is_interleaved(family: &Family, name: &str) -> bool {
    family.gguf_interleaves_rope
        && (name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight"))
}

/// Restores Hugging Face's order of rows: within each head, row `2 i + j` becomes row `j *
/// head_dim / 2 + i`. `values` are (heads * `head_dim`, width).
pub(super) fn deinterleave(values: &mut [f32], head_dim: usize, width: usize) {
    let half = head_dim / 2;
    for head in values.chunks_exact_mut(head_dim * width) {
        let interleaved = head.to_vec();
        for (row, values) in interleaved.chunks_exact(width).enumerate() {
            let to = (row % 2) * half + row / 2;
            head[to * width..(to + 1) * width].copy_from_slice(values);
        }
    }
}
