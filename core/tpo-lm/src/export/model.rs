//! A whole model: configuration, weights, tokenizer.

use std::path::Path;

use serde_json::{Value, json};
use tpo_types::Failure;

use super::decimal::decimal;
use super::weights;
use crate::files::{write_bytes, write_json};
use crate::model::Model;
use crate::spec::ModelSpec;

/// Writes the model into `directory`.
pub(super) fn write(model: &Model, directory: &Path) -> Result<(), Failure> {
    let Model {
        spec, params, text, ..
    } = model;
    let pad = text.pad_token_id();
    write_json(&directory.join("config.json"), &config(spec, pad))?;
    write_json(
        &directory.join("generation_config.json"),
        &generation_config(spec, pad),
    )?;
    for file in text.files(spec.max_positions)? {
        write_bytes(&directory.join(file.name), &file.bytes)?;
    }
    weights::write(
        &directory.join("model.safetensors"),
        &params.layout.entries,
        &params.values,
    )
}

/// Keys of transformers 4, which transformers 5 also reads.
fn config(spec: &ModelSpec, pad: Option<u32>) -> Value {
    json!({
        "architectures": [spec.family.causal_lm],
        // Qwen2 has biases whatever this key says; the class decides.
        "attention_bias": false,
        "attention_dropout": 0.0,
        "bos_token_id": spec.bos_token_id,
        "eos_token_id": eos(spec),
        "head_dim": spec.head_dim,
        "hidden_act": "silu",
        "hidden_size": spec.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": spec.intermediate_size,
        "max_position_embeddings": spec.max_positions,
        "mlp_bias": false,
        "model_type": spec.family.model_type,
        "num_attention_heads": spec.num_heads,
        "num_hidden_layers": spec.num_layers,
        "num_key_value_heads": spec.num_kv_heads,
        "pad_token_id": pad,
        "rms_norm_eps": decimal(spec.rms_norm_eps),
        "rope_scaling": rope_scaling(spec),
        "rope_theta": decimal(spec.rope_theta),
        // Explicit, because for Mistral a missing key means a window of 4096.
        "sliding_window": null,
        "tie_word_embeddings": spec.tie_word_embeddings,
        "torch_dtype": "float32",
        "use_cache": true,
        "vocab_size": spec.vocab_size,
    })
}

fn rope_scaling(spec: &ModelSpec) -> Value {
    spec.rope_scaling.map_or(Value::Null, |rope| {
        json!({
            "rope_type": "llama3",
            "factor": decimal(rope.factor),
            "low_freq_factor": decimal(rope.low_freq_factor),
            "high_freq_factor": decimal(rope.high_freq_factor),
            "original_max_position_embeddings": rope.original_max_positions,
        })
    })
}

fn generation_config(spec: &ModelSpec, pad: Option<u32>) -> Value {
    json!({ "bos_token_id": spec.bos_token_id, "eos_token_id": eos(spec), "pad_token_id": pad })
}

/// A single id is written as a number, as most programs expect.
fn eos(spec: &ModelSpec) -> Value {
    match spec.eos_token_ids.as_slice() {
        [id] => json!(id),
        ids => json!(ids),
    }
}
