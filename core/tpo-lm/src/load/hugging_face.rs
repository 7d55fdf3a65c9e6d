//! A directory in Hugging Face layout: configuration, weights, tokenizer.
//!
//! Combines what [`super::config`], [`super::safetensors`] and [`crate::tokenizer`] read, and
//! checks that the three belong to one model.

use std::path::Path;
use std::sync::Arc;

use tpo_types::Failure;

use super::safetensors::Weights;
use super::{Outline, config, limits, tensors};
use crate::model::Model;
use crate::params::{Layout, Params};
use crate::spec::ModelSpec;
use crate::tokenizer::TextCodec;

/// Loads the model in `directory`.
pub(super) fn load(directory: &Path) -> Result<Model, Failure> {
    let Outline { spec, text } = outline(directory)?;
    let weights = Weights::open_directory(directory)?;
    let layout = Layout::of(&spec);
    let tied = spec.tie_word_embeddings;
    tensors::reject_unexpected_tensors(directory, weights.names(), |name| {
        layout.entry(name).is_some() || is_redundant(name, tied)
    })?;
    let params = weights.read_params(layout)?;
    Ok(Model {
        spec,
        params,
        adapter: None,
        text,
        source: directory.to_owned(),
    })
}

/// A reward model.
pub(super) struct LoadedRewardModel {
    /// Its decoder.
    pub(super) decoder: Model,
    /// All of its tensors.
    pub(super) weights: Weights,
}

/// Loads the decoder of the reward model in `directory`, and opens all of its tensors.
pub(super) fn load_reward_model(directory: &Path) -> Result<LoadedRewardModel, Failure> {
    let Outline { spec, text } = outlined(directory, config::read_backbone(directory)?)?;
    let weights = Weights::open_directory(directory)?;
    let params = weights.read_params(Layout::of(&spec))?;
    let decoder = Model {
        spec,
        params,
        adapter: None,
        text,
        source: directory.to_owned(),
    };
    Ok(LoadedRewardModel { decoder, weights })
}

/// The model in `directory` without its weights.
pub(super) fn outline(directory: &Path) -> Result<Outline, Failure> {
    outlined(directory, config::read(directory)?)
}

/// Adds the tokenizer in `directory` to a configuration, and checks that the two belong together.
fn outlined(directory: &Path, mut spec: ModelSpec) -> Result<Outline, Failure> {
    let text = TextCodec::from_directory(directory)?;
    // Published chat models often have only the end-of-text token in their configuration and the
    // end-of-turn token only in the tokenizer: both end a completion.
    if let Some(id) = text
        .eos_token_id()
        .filter(|id| !spec.eos_token_ids.contains(id))
    {
        spec.eos_token_ids.push(id);
    }
    limits::check_tokens(&spec, text.largest_id(), directory)?;
    Ok(Outline { spec, text })
}

/// Tensors that some checkpoints have although the model does not need them: RoPE frequencies,
/// which the configuration determines, and a copy of the embedding if the output head is tied to
/// it.
fn is_redundant(name: &str, tied: bool) -> bool {
    name.ends_with("rotary_emb.inv_freq") || (tied && name == "lm_head.weight")
}

impl Weights {
    fn read_params(&self, layout: Layout) -> Result<Params, Failure> {
        // Check all shapes before allocating what the configuration claims.
        for entry in &layout.entries {
            self.require(&entry.name, &entry.shape)?;
        }
        let mut params = Params::zeros(Arc::new(layout));
        let layout = Arc::clone(&params.layout);
        tensors::fill(
            self.path(),
            &layout.entries,
            &mut params.values,
            |entry, out| self.read(&entry.name, out),
        )?;
        Ok(params)
    }
}
