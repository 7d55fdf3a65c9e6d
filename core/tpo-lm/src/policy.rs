//! A model in memory, ready to be sampled from or trained.
//!
//! Plain data: where it came from, what it looks like, its weights and its text codec. Knows
//! nothing of how it is run.

use std::path::PathBuf;

use crate::lora::Adapter;
use crate::params::Params;
use crate::spec::ModelSpec;
use crate::tokenizer::TextCodec;

/// A model in memory. With an adapter, `params` are the weights that the adapter is added to.
#[derive(Debug)]
pub struct Policy {
    /// What the decoder looks like.
    pub spec: ModelSpec,
    /// The weights; the base weights where there is an adapter.
    pub params: Params,
    /// Low-rank terms on top of `params`.
    pub adapter: Option<Adapter>,
    /// Text to tokens and back.
    pub text: TextCodec,
    /// Where `params` were read from, absolute: a `.gguf` file or a directory. With an adapter this
    /// is the base model, which is what an adapter on disk must name.
    pub source: PathBuf,
}
