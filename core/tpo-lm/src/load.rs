//! Models from disk: a `.gguf` file, a directory in Hugging Face layout, or a directory with a PEFT
//! adapter.
//!
//! Every form becomes the same [`Model`]: `f32` values under Hugging Face names. A model that
//! cannot be represented exactly is refused, never approximated. [`crate::fetch`] downloads models.

pub(crate) mod adapter;
mod config;
pub(crate) mod gguf;
mod hugging_face;
mod limits;
pub(crate) mod safetensors;
mod tensors;

use std::fs;
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

use self::safetensors::Weights;
use crate::model::Model;
use crate::spec::ModelSpec;
use crate::tokenizer::TextCodec;

const FORMS: &str = "give a `.gguf` file, a directory with `config.json` and `model.safetensors`, \
    or a directory with `adapter_config.json`";

/// A model without its weights.
pub(crate) struct Outline {
    pub(crate) spec: ModelSpec,
    pub(crate) text: TextCodec,
}

/// How a model is stored.
enum Form {
    Gguf,
    Adapter,
    HuggingFace,
}

impl Form {
    fn of(path: &Path) -> Result<Self, Failure> {
        if path.is_file() {
            Ok(Self::Gguf)
        } else if path.join(adapter::CONFIG_FILE).is_file() {
            Ok(Self::Adapter)
        } else if path.join(config::CONFIG_FILE).is_file() {
            Ok(Self::HuggingFace)
        } else {
            Err(Failure::new(
                FailureKind::Input,
                format!("`{}` has no `config.json`", path.display()),
            )
            .hint(FORMS))
        }
    }
}

/// Loads the model at `path`.
///
/// Fails with [`FailureKind::Input`] if a file is missing or damaged, or describes a model that the
/// decoder does not support; the message names the file and the tensor or key.
pub fn load(path: &Path) -> Result<Model, Failure> {
    let path = existing(path)?;
    let model = match Form::of(&path)? {
        Form::Gguf => gguf::load(&path),
        Form::Adapter => adapter::load(&path),
        Form::HuggingFace => hugging_face::load(&path),
    }?;
    tracing::debug!(path = %path.display(), values = model.params.values.len(), "loaded a model");
    Ok(model)
}

/// The model at `path` without its weights; fails as [`load`] does.
pub(crate) fn outline(path: &Path) -> Result<Outline, Failure> {
    let path = existing(path)?;
    match Form::of(&path)? {
        Form::Gguf => gguf::outline(&path),
        Form::Adapter => adapter::outline(&path),
        Form::HuggingFace => hugging_face::outline(&path),
    }
}

/// Where the base model of an adapter is; none of another model.
pub(crate) fn base_of_adapter(path: &Path) -> Result<Option<PathBuf>, Failure> {
    let is_adapter = path.join(adapter::CONFIG_FILE).is_file();
    is_adapter.then(|| adapter::base_model(path)).transpose()
}

fn existing(path: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("there is no model at `{}`", path.display()),
        )
        .because(error)
        .hint(FORMS)
    })
}

/// A model for inference only.
pub(crate) enum LoadedModel {
    /// A causal language model.
    CausalLm(Model),
    /// The decoder of a reward model, and all tensors of its files, the head's included.
    RewardModel(Model, Weights),
}

/// Loads the causal language model or reward model at `path`.
pub(crate) fn load_for_inference(path: &Path) -> Result<LoadedModel, Failure> {
    if path.join(config::CONFIG_FILE).is_file() && config::is_reward_model(path)? {
        let loaded = hugging_face::load_reward_model(path)?;
        return Ok(LoadedModel::RewardModel(loaded.decoder, loaded.weights));
    }
    load(path).map(LoadedModel::CausalLm)
}

#[cfg(test)]
mod tests;
