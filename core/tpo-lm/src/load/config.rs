//! `config.json` and `generation_config.json` of a Hugging Face directory, as a [`ModelSpec`].
//!
//! Reads the keys of transformers 4 and 5. A key that changes what the model computes and that the
//! decoder does not support is refused by name.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tpo_types::{Failure, FailureKind};

use super::limits;
use crate::family::{self, Family, SlidingWindow};
use crate::files;
use crate::spec::{Llama3RopeScaling, ModelSpec};

/// The file that every model directory has.
pub(super) const CONFIG_FILE: &str = "config.json";

/// Whether `directory` holds a decoder under a head that scores texts.
pub(super) fn is_reward_model(directory: &Path) -> Result<bool, Failure> {
    let json: Value = files::read_json(&directory.join(CONFIG_FILE))?;
    Ok(reward_model_family(&json).is_some())
}

/// The decoder that `directory` describes, whatever its head.
pub(super) fn read_backbone(directory: &Path) -> Result<ModelSpec, Failure> {
    let mut json: Value = files::read_json(&directory.join(CONFIG_FILE))?;
    if let (Some(family), Some(object)) = (reward_model_family(&json), json.as_object_mut()) {
        object.insert(
            "architectures".into(),
            serde_json::json!([family.causal_lm]),
        );
        // So that no output head is looked for.
        object.insert("tie_word_embeddings".into(), true.into());
    }
    parse(directory, json)
}

fn reward_model_family(json: &Value) -> Option<&'static Family> {
    let class = json["architectures"][0].as_str()?;
    Family::find(|family| family.reward_models.contains(&class))
}

#[derive(Deserialize)]
struct HfConfig {
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
    rope_scaling: Option<RopeConfig>,
    rope_parameters: Option<RopeConfig>,
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
struct RopeConfig {
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
    parse(directory, files::read_json(&directory.join(CONFIG_FILE))?)
}

fn parse(directory: &Path, json: Value) -> Result<ModelSpec, Failure> {
    let file = directory.join(CONFIG_FILE);
    let family = family(&json, &file)?;
    let config: HfConfig = serde_json::from_value(json).map_err(|error| {
        files::malformed(format!("`{}` does not describe a model", file.display())).because(error)
    })?;
    refuse_unsupported(&config, family, &file)?;
    let generation: Option<GenerationConfig> =
        files::read_json_if_any(&directory.join("generation_config.json"))?;
    let eos = generation.and_then(|generation| generation.eos_token_id);
    let spec = spec(config, family, eos, &file)?;
    limits::check(&spec, &file)?;
    Ok(spec)
}

fn family(json: &Value, file: &Path) -> Result<&'static Family, Failure> {
    let class = json["architectures"][0].as_str();
    let model_type = json["model_type"].as_str();
    let found = match (class, model_type) {
        (Some(class), _) => Family::find(|family| family.causal_lm == class),
        (None, Some(model_type)) => Family::find(|family| family.model_type == model_type),
        (None, None) => None,
    };
    found.ok_or_else(|| {
        let name = class.or(model_type).unwrap_or("(none named)");
        let what = format!(
            "`{}` is of architecture `{name}`, which is not supported",
            file.display()
        );
        let supported = family::list(|family| Some(family.causal_lm));
        Failure::new(FailureKind::Input, what).hint(format!("supported: {supported}"))
    })
}

fn refuse_unsupported(config: &HfConfig, family: &Family, file: &Path) -> Result<(), Failure> {
    let activation = config.hidden_act.as_deref().unwrap_or("silu");
    let reason = if config.quantization_config.is_some() {
        "`quantization_config`: its weights are quantized".to_owned()
    } else if activation != "silu" {
        format!("`hidden_act` is `{activation}`, not `silu`")
    } else if config.attention_bias && !family.qkv_bias {
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
    .hint("use an unquantized checkpoint of the original architecture, or a `.gguf` file"))
}

fn spec(
    config: HfConfig,
    family: &'static Family,
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
        qkv_bias: family.qkv_bias,
        qk_norm: family.qk_norm,
        eos_token_ids: eos
            .or(config.eos_token_id)
            .map(TokenIds::into_vec)
            .unwrap_or_default(),
        bos_token_id: config.bos_token_id,
    })
}

/// The length of the attention window. Up to that length, full attention is the same: so a window
/// shortens the context, and the decoder implements none.
fn attention_window(config: &HfConfig, family: &Family) -> Option<usize> {
    let used = match family.sliding_window {
        SlidingWindow::IfPresent => true,
        SlidingWindow::IfEnabled => config.use_sliding_window == Some(true),
        SlidingWindow::Ignored => false,
    };
    config.sliding_window.filter(|_| used)
}

fn rope(config: &HfConfig, file: &Path) -> Result<(f32, Option<Llama3RopeScaling>), Failure> {
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
            format!("`{}`: RoPE with {reason} is not supported", file.display()),
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

fn llama3(rope: &RopeConfig) -> Option<Llama3RopeScaling> {
    Some(Llama3RopeScaling {
        factor: rope.factor?,
        low_freq_factor: rope.low_freq_factor?,
        high_freq_factor: rope.high_freq_factor?,
        original_max_positions: rope.original_max_position_embeddings?,
    })
}
