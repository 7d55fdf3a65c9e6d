//! GGUF metadata as a [`ModelSpec`].

use tpo_types::{Failure, FailureKind};

use super::metadata::Metadata;
use crate::family::{self, Family};
use crate::spec::ModelSpec;

/// The model that the metadata describes. The vocabulary size and whether the output head is tied
/// to the embedding are not in the metadata; the caller reads them from the tensors.
pub(super) fn read(
    metadata: Metadata<'_>,
    vocab_size: usize,
    tied: bool,
) -> Result<ModelSpec, Failure> {
    let key = "general.architecture";
    let architecture = metadata.required(key, metadata.text(key))?;
    let family = family(architecture, metadata)?;
    let key = |name: &str| format!("{architecture}.{name}");
    let optional = |name: &str| {
        metadata
            .integer(&key(name))
            .map(|size| size.map(|size| size as usize))
    };
    let size = |name: &str| metadata.required(&key(name), optional(name));
    let float = |name: &str| metadata.float(&key(name));

    refuse_unsupported(metadata, architecture)?;
    let hidden_size = size("embedding_length")?;
    let num_heads = size("attention.head_count")?;
    let head_dim = optional("attention.key_length")?
        .or_else(|| hidden_size.checked_div(num_heads))
        .unwrap_or(0);
    let rotated = optional("rope.dimension_count")?.unwrap_or(head_dim);
    if rotated != head_dim {
        let what = format!(
            "`{}` rotates only {rotated} of {head_dim} values per head",
            metadata.file.display()
        );
        return Err(Failure::new(FailureKind::Input, what)
            .hint("such models are not supported: choose another one"));
    }
    let epsilon = "attention.layer_norm_rms_epsilon";
    Ok(ModelSpec {
        family,
        vocab_size,
        hidden_size,
        intermediate_size: size("feed_forward_length")?,
        num_layers: size("block_count")?,
        num_heads,
        num_kv_heads: optional("attention.head_count_kv")?.unwrap_or(num_heads),
        head_dim,
        rms_norm_eps: metadata.required(&key(epsilon), float(epsilon))?,
        rope_theta: float("rope.freq_base")?.unwrap_or(10_000.0),
        rope_scaling: None,
        max_positions: size("context_length")?,
        tie_word_embeddings: tied,
        qkv_bias: family.qkv_bias,
        qk_norm: family.qk_norm,
        eos_token_ids: end_of_turn(metadata)?,
        bos_token_id: metadata.integer("tokenizer.ggml.bos_token_id")?,
    })
}

fn family(architecture: &str, metadata: Metadata<'_>) -> Result<&'static Family, Failure> {
    let found = Family::find(|family| family.gguf_architecture == Some(architecture));
    found.ok_or_else(|| {
        let what = format!(
            "`{}` is of architecture `{architecture}`, which is not supported",
            metadata.file.display()
        );
        let supported = family::list(|family| family.gguf_architecture);
        Failure::new(FailureKind::Input, what).hint(format!("supported: {supported}"))
    })
}

fn refuse_unsupported(metadata: Metadata<'_>, architecture: &str) -> Result<(), Failure> {
    let file = metadata.file.display();
    let scaling = metadata
        .text(&format!("{architecture}.rope.scaling.type"))?
        .unwrap_or("none");
    if scaling != "none" {
        let what = format!("`{file}`: RoPE scaling `{scaling}` is not supported");
        return Err(Failure::new(FailureKind::Input, what)
            .hint("choose a model without RoPE scaling, or with Llama 3's"));
    }
    let experts = metadata
        .integer(&format!("{architecture}.expert_count"))?
        .unwrap_or(0);
    if experts > 0 {
        let what = format!("`{file}` is a mixture of {experts} experts, which is not supported");
        return Err(Failure::new(FailureKind::Input, what).hint("choose a dense model"));
    }
    Ok(())
}

/// The token that ends a text and, if the file has both, the one that ends a turn.
fn end_of_turn(metadata: Metadata<'_>) -> Result<Vec<u32>, Failure> {
    let mut ids = Vec::new();
    for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
        if let Some(id) = metadata.integer(key)?.filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
    }
    Ok(ids)
}
