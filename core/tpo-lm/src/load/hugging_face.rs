//! A directory in Hugging Face layout: configuration, weights, tokenizer.
//!
//! Brings together what [`super::config`], [`super::safetensors`] and [`crate::tokenizer`] read,
//! and checks that the three belong to one model.

use std::path::Path;
use std::sync::Arc;

use tpo_types::Failure;

use super::safetensors::Weights;
use super::{config, limits, tensors};
use crate::params::{Layout, Params};
use crate::policy::Policy;
use crate::spec::ModelSpec;
use crate::tokenizer::TextCodec;

/// Loads the model in `directory`.
pub(super) fn load(directory: &Path) -> Result<Policy, Failure> {
    let (spec, text) = described(directory, config::read(directory)?)?;
    let weights = Weights::open_directory(directory)?;
    let layout = Layout::of(&spec);
    let tied = spec.tie_word_embeddings;
    tensors::refuse_strangers(directory, weights.names(), |name| {
        layout.entry(name).is_some() || carries_nothing(name, tied)
    })?;
    let params = weights.read_params(layout)?;
    Ok(Policy {
        spec,
        params,
        adapter: None,
        text,
        source: directory.to_owned(),
    })
}

/// Loads the decoder of the model in `directory`, and opens its other tensors.
pub(super) fn load_backbone(directory: &Path) -> Result<(Policy, Weights), Failure> {
    let (spec, text) = described(directory, config::read_backbone(directory)?)?;
    let weights = Weights::open_directory(directory)?;
    let params = weights.read_params(Layout::of(&spec))?;
    Ok((
        Policy {
            spec,
            params,
            adapter: None,
            text,
            source: directory.to_owned(),
        },
        weights,
    ))
}

/// A configuration and the tokenizer beside it, which must belong together.
fn described(directory: &Path, mut spec: ModelSpec) -> Result<(ModelSpec, TextCodec), Failure> {
    let text = TextCodec::from_directory(directory)?;
    // Published chat models often name only the end of text in their configuration and the end of
    // the turn only in the tokenizer: both end a completion.
    if let Some(id) = text
        .eos_token_id()
        .filter(|id| !spec.eos_token_ids.contains(id))
    {
        spec.eos_token_ids.push(id);
    }
    limits::check_tokens(&spec, text.largest_id(), directory)?;
    Ok((spec, text))
}

/// Tensors that some checkpoints have although the model does not need them: rotary frequencies,
/// which follow from the configuration, and a copy of the embedding where the output head is tied
/// to it.
fn carries_nothing(name: &str, tied: bool) -> bool {
    name.ends_with("rotary_emb.inv_freq") || (tied && name == "lm_head.weight")
}

impl Weights {
    fn read_params(&self, layout: Layout) -> Result<Params, Failure> {
        // All shapes first: nothing is allocated on the word of a configuration alone.
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
