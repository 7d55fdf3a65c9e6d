//! A directory with a PEFT adapter, and the base model that it names.
//!
//! Of PEFT's many variants only plain LoRA is supported; a configuration with anything else is
//! refused by key.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tpo_types::{Failure, FailureKind};

use super::safetensors::Weights;
use super::{Outline, tensors};
use crate::files::{malformed, read_json};
use crate::lora::{Adapter, LoraConfig};
use crate::model::Model;

/// The file that every adapter directory has.
pub(crate) const CONFIG_FILE: &str = "adapter_config.json";
/// Its tensors.
pub(crate) const WEIGHTS_FILE: &str = "adapter_model.safetensors";

/// Keys that change what an adapter computes, and their values for plain LoRA. A missing key means
/// plain LoRA, too.
const PLAIN: [(&str, &[&str]); 14] = [
    ("peft_type", &["\"LORA\""]),
    ("task_type", &["\"CAUSAL_LM\"", "null"]),
    ("bias", &["\"none\""]),
    ("fan_in_fan_out", &["false"]),
    ("use_rslora", &["false"]),
    ("use_dora", &["false"]),
    ("lora_bias", &["false"]),
    ("modules_to_save", &["null", "[]"]),
    ("rank_pattern", &["{}", "null"]),
    ("alpha_pattern", &["{}", "null"]),
    ("layers_to_transform", &["null", "[]"]),
    ("layer_replication", &["null", "[]"]),
    ("exclude_modules", &["null", "[]"]),
    ("trainable_token_indices", &["null"]),
];

#[derive(Deserialize)]
struct PeftConfig {
    r: usize,
    lora_alpha: f32,
    target_modules: Vec<String>,
    base_model_name_or_path: PathBuf,
}

/// Loads the adapter in `directory` and its base model.
pub(super) fn load(directory: &Path) -> Result<Model, Failure> {
    let file = directory.join(CONFIG_FILE);
    let config = config(&file)?;
    let mut model = super::load(&base(directory, &config.base_model_name_or_path)?)?;
    if config.r > model.spec.hidden_size {
        let width = model.spec.hidden_size;
        let what = format!(
            "`{}`: rank `r` {} is larger than the model's width {width}",
            file.display(),
            config.r
        );
        return Err(
            Failure::new(FailureKind::Input, what).hint("the adapter was made for another model")
        );
    }
    let modules: Result<_, Failure> = config
        .target_modules
        .iter()
        .map(|name| name.parse())
        .collect();
    let adapter = modules.and_then(|target_modules| {
        let config = LoraConfig {
            r: config.r,
            alpha: config.lora_alpha,
            target_modules,
        };
        Adapter::zeros(&model.spec, config)
    });
    let mut adapter = adapter.map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` does not fit its base model", file.display()),
        )
        .because(error)
    })?;
    fill(&mut adapter, &directory.join(WEIGHTS_FILE))?;
    model.adapter = Some(adapter);
    Ok(model)
}

/// The base model of the adapter in `directory` without its weights.
pub(super) fn outline(directory: &Path) -> Result<Outline, Failure> {
    super::outline(&base_model(directory)?)
}

/// Where the base model of the adapter in `directory` is.
pub(super) fn base_model(directory: &Path) -> Result<PathBuf, Failure> {
    let config = config(&directory.join(CONFIG_FILE))?;
    base(directory, &config.base_model_name_or_path)
}

fn config(file: &Path) -> Result<PeftConfig, Failure> {
    let json: Value = read_json(file)?;
    require_plain(&json, file)?;
    serde_json::from_value(json).map_err(|error| {
        malformed(format!(
            "`{}` does not describe a LoRA adapter",
            file.display()
        ))
        .because(error)
    })
}

fn require_plain(json: &Value, file: &Path) -> Result<(), Failure> {
    for (key, plain) in PLAIN {
        let Some(value) = json.get(key).map(Value::to_string) else {
            continue;
        };
        if !plain.contains(&value.as_str()) {
            let what = format!(
                "`{}`: `{key}` is {value}, which is not supported",
                file.display()
            );
            return Err(Failure::new(FailureKind::Input, what).hint(
                "only plain LoRA on projections is: merge the adapter into its base model with PEFT",
            ));
        }
    }
    Ok(())
}

/// The path of the base model. A relative path is relative to the adapter's directory, so that base
/// and adapter can be moved together, or else to the working directory, as in PEFT.
fn base(directory: &Path, named: &Path) -> Result<PathBuf, Failure> {
    let in_directory = directory.join(named);
    let path = if in_directory.exists() {
        in_directory
    } else {
        named.to_owned()
    };
    let refuse = |what: String| Failure::new(FailureKind::Input, what);
    if !path.exists() {
        let what = format!(
            "the adapter `{}` needs the model `{}`",
            directory.display(),
            named.display()
        );
        return Err(refuse(what).hint(format!(
            "set `base_model_name_or_path` in its `{CONFIG_FILE}` to the path of that model"
        )));
    }
    if path.join(CONFIG_FILE).is_file() {
        let what = format!(
            "the base model of the adapter `{}` is another adapter, `{}`",
            directory.display(),
            path.display()
        );
        return Err(refuse(what).hint("merge the other adapter into its base model first"));
    }
    Ok(path)
}

fn fill(adapter: &mut Adapter, file: &Path) -> Result<(), Failure> {
    let weights = Weights::open(file)?;
    let Adapter {
        entries, values, ..
    } = adapter;
    for entry in entries.iter() {
        weights.require(&entry.name, &entry.shape)?;
    }
    tensors::reject_unexpected_tensors(file, weights.names(), |name| {
        entries.iter().any(|entry| entry.name == name)
    })?;
    tensors::fill(file, entries, values, |entry, out| {
        weights.read(&entry.name, out)
    })
}
