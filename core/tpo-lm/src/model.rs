//! A model in memory, for sampling or training: its shape, weights and tokenizer.

use std::path::PathBuf;

use crate::lora::Adapter;
use crate::params::Params;
use crate::spec::ModelSpec;
use crate::tokenizer::TextCodec;

/// A model in memory. With an adapter, `params` are the base weights.
#[derive(Debug)]
pub struct Model {
    /// The decoder's shape.
    pub spec: ModelSpec,
    /// The weights; the base weights if there is an adapter.
    pub params: Params,
    /// LoRA adapter on top of `params`.
    pub adapter: Option<Adapter>,
    /// Text to tokens and back.
    pub text: TextCodec,
    /// The absolute path of `params`: a `.gguf` file or a directory. With an adapter, this is the
    /// base model.
    pub source: PathBuf,
}
