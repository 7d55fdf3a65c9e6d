//! `config.json` and `generation_config.json` of a Hugging Face directory, as a [`ModelSpec`].
//!
//! Reads the keys of transformers 4 and 5. A key that changes what the model computes and that the
//! decoder does not follow is refused by name. Knows nothing of weights.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tpo_types::{Failure, FailureKind};

use super::{limits, malformed, read_json, read_json_if_any};
use crate::spec::{Family, Llama3Rope, ModelSpec};

/// What every model directory has.
pub(super) const CONFIG_FILE: &str = "config.json";

/// Class in `architectures`, `model_type`, family.
const ARCHITECTURES: [(&str, &str, Family); 4] = [
    ("LlamaForCausalLM", "llama", Family::Llama),
    ("MistralForCausalLM", "mistral", Family::Mistral),
    ("Qwen2ForCausalLM", "qwen2", Family::Qwen2),
    ("Qwen3ForCausalLM", "qwen3", Family::Qwen3),
];

/// The same decoders under another head, which is not ours to compute.
const HEADS: [(&str, Family); 5] = [
    ("LlamaForRewardModelWithGating", Family::Llama),
    ("LlamaForSequenceClassification", Family::Llama),
    ("MistralForSequenceClassification", Family::Mistral),
    ("Qwen2ForSequenceClassification", Family::Qwen2),
    ("Qwen3ForSequenceClassification", Family::Qwen3),
];

/// Whether `directory` holds a decoder under a head that scores texts.
pub(super) fn has_other_head(directory: &Path) -> Result<bool, Failure> {
    let json: Value = read_json(&directory.join(CONFIG_FILE))?;
    Ok(json["architectures"][0]
        .as_str()
        .is_some_and(|class| HEADS.iter().any(|(known, _)| *known == class)))
}

/// The decoder that `directory` describes, whatever its head.
pub(super) fn read_backbone(directory: &Path) -> Result<ModelSpec, Failure> {
    let mut json: Value = read_json(&directory.join(CONFIG_FILE))?;
    let class = json["architectures"][0].as_str().unwrap_or_default();
    let family = HEADS
        .iter()
        .find(|(known, _)| *known == class)
        .map(|(_, family)| *family);
    let plain = ARCHITECTURES.iter().find(|known| Some(known.2) == family);
    if let (Some(plain), Some(object)) = (plain, json.as_object_mut()) {
        object.insert("architectures".into(), serde_json::json!([plain.0]));
        // There is no output head to look for.
        object.insert("tie_word_embeddings".into(), true.into());
    }
    described(directory, json)
}

#[derive(Deserialize)]
struct Description {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    rms_norm_eps: f32,
    max_position_embeddings: usize,
    #[serde(default)]
    tie_word_embeddings: bool,
    bos_token_id: Option<u32>,
    eos_token_id: Option<TokenIds>,
    rope_theta: Option<f32>,
    rope_scaling: Option<Rotation>,
    rope_parameters: Option<Rotation>,
    hidden_act: Option<String>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    sliding_window: Option<usize>,
    use_sliding_window: Option<bool>,
    quantization_config: Option<Value>,
}

/// `rope_scaling` of transformers 4, `rope_parameters` of transformers 5.
#[derive(Deserialize)]
struct Rotation {
    rope_type: Option<String>,
    /// The older spelling of `rope_type`; some files have both.
    r#type: Option<String>,
    rope_theta: Option<f32>,
    partial_rotary_factor: Option<f32>,
    factor: Option<f32>,
    low_freq_factor: Option<f32>,
    high_freq_factor: Option<f32>,
    original_max_position_embeddings: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TokenIds {
    One(u32),
    Several(Vec<u32>),
}

impl TokenIds {
    fn into_vec(self) -> Vec<u32> {
        match self {
            Self::One(id) => vec![id],
            Self::Several(ids) => ids,
        }
    }
}

#[derive(Deserialize)]
struct GenerationConfig {
    eos_token_id: Option<TokenIds>,
}

/// The model that `directory` describes.
pub(super) fn read(directory: &Path) -> Result<ModelSpec, Failure> {
    described(directory, read_json(&directory.join(CONFIG_FILE))?)
}

fn described(directory: &Path, json: Value) -> Result<ModelSpec, Failure> {
    let file = directory.join(CONFIG_FILE);
    let family = family(&json, &file)?;
    let config: Description = serde_json::from_value(json).map_err(|error| {
        malformed(format!("`{}` does not describe a model", file.display())).because(error)
    })?;
    refuse_unsupported(&config, family, &file)?;
    let generation: Option<GenerationConfig> =
        read_json_if_any(&directory.join("generation_config.json"))?;
    let eos = generation.and_then(|generation| generation.eos_token_id);
    let spec = spec(config, family, eos, &file)?;
    limits::check(&spec, &file)?;
    Ok(spec)
}

fn family(json: &Value, file: &Path) -> Result<Family, Failure> {
    let class = json["architectures"][0].as_str();
    let model_type = json["model_type"].as_str();
    let found = match (class, model_type) {
        (Some(class), _) => ARCHITECTURES.iter().find(|known| known.0 == class),
        (None, Some(model_type)) => ARCHITECTURES.iter().find(|known| known.1 == model_type),
        (None, None) => None,
    };
    found.map(|known| known.2).ok_or_else(|| {
        let name = class.or(model_type).unwrap_or("(none named)");
        let what = format!(
            "`{}` is of architecture `{name}`, which is not supported",
            file.display()
        );
        Failure::new(FailureKind::Input, what).hint(format!(
            "supported: {}",
            ARCHITECTURES.map(|known| known.0).join(", ")
        ))
    })
}

fn refuse_unsupported(config: &Description, family: Family, file: &Path) -> Result<(), Failure> {
    let activation = config.hidden_act.as_deref().unwrap_or("silu");
    let reason = if config.quantization_config.is_some() {
        "`quantization_config`: its weights are quantized".to_owned()
    } else if activation != "silu" {
        format!("`hidden_act` is `{activation}`, not `silu`")
    } else if config.attention_bias && family != Family::Qwen2 {
        "`attention_bias` is true".to_owned()
    } else if config.mlp_bias {
        "`mlp_bias` is true".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::new(
        FailureKind::Input,
        format!("`{}`: {reason}, which is not supported", file.display()),
    )
    .hint("choose an unquantized checkpoint of the plain family, or a `.gguf` file of it"))
}

fn spec(
    config: Description,
    family: Family,
    eos: Option<TokenIds>,
    file: &Path,
) -> Result<ModelSpec, Failure> {
    let (rope_theta, rope_scaling) = rope(&config, file)?;
    let window = attention_window(&config, family);
    let head_dim = config
        .head_dim
        .or_else(|| config.hidden_size.checked_div(config.num_attention_heads));
    Ok(ModelSpec {
        family,
        vocab_size: config.vocab_size,
        hidden_size: config.hidden_size,
        intermediate_size: config.intermediate_size,
        num_layers: config.num_hidden_layers,
        num_heads: config.num_attention_heads,
        num_kv_heads: config
            .num_key_value_heads
            .unwrap_or(config.num_attention_heads),
        head_dim: head_dim.unwrap_or(0),
        rms_norm_eps: config.rms_norm_eps,
        rope_theta,
        rope_scaling,
        max_positions: window.map_or(config.max_position_embeddings, |window| {
            window.min(config.max_position_embeddings)
        }),
        tie_word_embeddings: config.tie_word_embeddings,
        qkv_bias: family == Family::Qwen2,
        qk_norm: family == Family::Qwen3,
        eos_token_ids: eos
            .or(config.eos_token_id)
            .map(TokenIds::into_vec)
            .unwrap_or_default(),
        bos_token_id: config.bos_token_id,
    })
}

/// How far back a token may look. As long as no sequence is longer than this, looking back without
/// limit is the same: so it shortens the context, and the decoder needs no windows.
fn attention_window(config: &Description, family: Family) -> Option<usize> {
    let used = match family {
        Family::Mistral => true,
        Family::Qwen2 | Family::Qwen3 => config.use_sliding_window == Some(true),
        Family::Llama => false,
    };
    config.sliding_window.filter(|_| used)
}

fn rope(config: &Description, file: &Path) -> Result<(f32, Option<Llama3Rope>), Failure> {
    let rope = config
        .rope_parameters
        .as_ref()
        .or(config.rope_scaling.as_ref());
    let theta = rope
        .and_then(|rope| rope.rope_theta)
        .or(config.rope_theta)
        .unwrap_or(10_000.0);
    let Some(rope) = rope else {
        return Ok((theta, None));
    };
    let refuse = |reason: String| {
        Failure::new(
            FailureKind::Input,
            format!(
                "`{}`: rotary positions with {reason} are not supported",
                file.display()
            ),
        )
        .hint("supported rope types: `default`, `llama3`")
    };
    if rope
        .partial_rotary_factor
        .is_some_and(|factor| (factor - 1.0).abs() > f32::EPSILON)
    {
        return Err(refuse("`partial_rotary_factor`".to_owned()));
    }
    match rope
        .rope_type
        .as_deref()
        .or(rope.r#type.as_deref())
        .unwrap_or("default")
    {
        "default" => Ok((theta, None)),
        "llama3" => {
            let scaling = llama3(rope).ok_or_else(|| {
                Failure::new(
                    FailureKind::Input,
                    format!(
                        "`{}`: rope type `llama3` lacks one of its keys",
                        file.display()
                    ),
                )
                .hint(
                    "it needs `factor`, `low_freq_factor`, `high_freq_factor` and \
                         `original_max_position_embeddings`",
                )
            })?;
            Ok((theta, Some(scaling)))
        }
        other => Err(refuse(format!("rope type `{other}`"))),
    }
}

fn llama3(rope: &Rotation) -> Option<Llama3Rope> {
    Some(Llama3Rope {
        factor: rope.factor?,
        low_freq_factor: rope.low_freq_factor?,
        high_freq_factor: rope.high_freq_factor?,
        original_max_positions: rope.original_max_position_embeddings?,
    })
}
