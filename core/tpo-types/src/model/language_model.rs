//! One language model.

use std::ops::ControlFlow;

use super::chat::{ChatReply, ChatRequest};
use super::embed::{EmbedRequest, HiddenStates, TensorData};
use super::error::ModelOutcome;

/// Called with the index and the outcome of a request; breaks if no further request should be
/// started.
pub type Done<'a> = &'a mut dyn FnMut(usize, ModelOutcome<ChatReply>) -> ControlFlow<()>;

/// One language model, on this machine or behind a server.
pub trait LanguageModel: Send + Sync {
    /// What its answers depend on besides the request, for example a digest of its weights. Part of
    /// the cache key of replies.
    fn identity(&self) -> &str;

    /// Answers a batch. `done` is called once per request, as soon as its outcome is known. When it
    /// breaks, no further request is started, and it is called only for those in progress.
    fn chat(&self, requests: &[ChatRequest], done: Done<'_>);

    /// Final hidden states, after the last norm; outcome i belongs to request i.
    fn embed(&self, requests: &[EmbedRequest]) -> Vec<ModelOutcome<HiddenStates>>;

    /// A named tensor of the model's checkpoint.
    fn tensor(&self, name: &str) -> ModelOutcome<TensorData>;
}
