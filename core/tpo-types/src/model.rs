//! What a judge may ask a language model, and what comes back.
//!
//! The same types as in the contract's `model` interface, so that the crates that provide models
//! and the host that passes them to plugins do not depend on each other.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};

use crate::{Failure, Message};

/// One answer asked for. What it is asked of is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation; the model writes the next assistant turn.
    pub messages: Vec<Message>,
    /// Text that the assistant's turn begins with; not repeated in the reply.
    pub prefill: Option<String>,
    /// The answer ends where one of these appears; it is not part of the reply.
    pub stop: Vec<String>,
    /// At most this many tokens are written.
    pub max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// The same seed and request give the same reply.
    pub seed: u64,
    /// How many of the most probable tokens to report at every position of the answer; 0 reports
    /// none.
    pub top_log_probs: u32,
}

/// A token that could have stood at one position of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogProb {
    /// The token's text.
    pub token: String,
    /// Natural logarithm of its probability at temperature 1.
    pub log_prob: f64,
}

/// What a model wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The answer's text.
    pub text: String,
    /// The answer ended because `max_new_tokens` were written.
    pub truncated: bool,
    /// For every position of the answer the most probable tokens, in descending order; empty unless
    /// asked for.
    pub top_log_probs: Vec<Vec<TokenLogProb>>,
    /// Tokens that were read.
    pub prompt_tokens: u32,
    /// Tokens that were written.
    pub completion_tokens: u32,
}

/// One conversation to embed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedRequest {
    /// The conversation, rendered by the model's own chat template without a generation prompt.
    pub messages: Vec<Message>,
    /// Token patterns: the hidden state is taken where the last occurrence of a pattern begins. The
    /// empty pattern names the last token.
    pub positions: Vec<Vec<u32>>,
}

/// A dense tensor in row-major order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorData {
    /// Sizes, outermost first.
    pub shape: Vec<u32>,
    /// The values.
    pub values: Vec<f32>,
}

/// Why a model did not answer one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelError {
    /// No model is bound to the alias; the text names it.
    UnknownModel(String),
    /// The run's budget of calls or tokens is spent.
    BudgetExhausted(String),
    /// The request makes no sense for this model; the text says why.
    InvalidRequest(String),
    /// The model failed after the host's own retries.
    Failed(String),
    /// The model is out of reach, now and for whatever else would be asked; the text says why.
    Unavailable(String),
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel(alias) => write!(f, "no model is bound to `{alias}`"),
            Self::BudgetExhausted(what)
            | Self::InvalidRequest(what)
            | Self::Failed(what)
            | Self::Unavailable(what) => f.write_str(what),
        }
    }
}

/// A row of model width per position asked for.
pub type HiddenStates = Vec<Vec<f32>>;

/// What a model answers to one request.
pub type ModelOutcome<T> = Result<T, ModelError>;

/// A request, and the model that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest<Q> {
    /// The alias that the model is bound to.
    pub model: String,
    /// What is asked.
    pub request: Q,
}

/// Hears the outcome of a request, by its index, and says whether to go on.
pub type Done<'a> = &'a mut dyn FnMut(usize, ModelOutcome<ChatReply>) -> ControlFlow<()>;

/// One language model, on this machine or behind a server.
pub trait LanguageModel: Send + Sync {
    /// What its answers depend on besides the request, for example a digest of its weights. Replies
    /// are kept under it.
    fn identity(&self) -> &str;

    /// Answers a batch. `done` hears of every request once, with its index, as soon as its outcome
    /// is known, until it breaks: then nothing more is begun, and it hears only of what is on its
    /// way.
    fn chat(&self, requests: &[ChatRequest], done: Done<'_>);

    /// Final hidden states, after the last norm; outcome i belongs to request i.
    fn embed(&self, requests: &[EmbedRequest]) -> Vec<ModelOutcome<HiddenStates>>;

    /// A named tensor of the model's checkpoint.
    fn tensor(&self, name: &str) -> ModelOutcome<TensorData>;
}

/// A model that an alias is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundModel {
    /// The alias that judges use.
    pub alias: String,
    /// The model's [identity](LanguageModel::identity).
    pub identity: String,
}

/// A position in the sequence of replies that a [`ModelService`] has given. The service remembers
/// which replies it gave after a mark for as long as the mark is held.
#[derive(Debug, Default)]
pub struct ReplyMark(Arc<()>);

impl ReplyMark {
    /// A reference that does not hold the mark.
    pub fn downgrade(&self) -> Weak<()> {
        Arc::downgrade(&self.0)
    }

    /// Whether `mark` refers to this one.
    pub fn is(&self, mark: &Weak<()>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.0), mark.as_ptr())
    }
}

/// The models that judges may ask, each by an alias. The outer failure is ours and ends the run: a
/// reply could not be recorded.
pub trait ModelService: Send + Sync {
    /// The models that are bound.
    fn bound(&self) -> Vec<BoundModel>;

    /// Answers a batch; outcome i belongs to request i.
    fn chat(
        &self,
        requests: &[ModelRequest<ChatRequest>],
    ) -> Result<Vec<ModelOutcome<ChatReply>>, Failure>;

    /// Final hidden states; outcome i belongs to request i.
    fn embed(
        &self,
        requests: &[ModelRequest<EmbedRequest>],
    ) -> Result<Vec<ModelOutcome<HiddenStates>>, Failure>;

    /// A named tensor of a model's checkpoint.
    fn tensor(&self, model: &str, name: &str) -> Result<ModelOutcome<TensorData>, Failure>;

    /// Marks the present position in the sequence of replies.
    fn mark(&self) -> ReplyMark {
        ReplyMark::default()
    }

    /// Forgets the replies given after a mark: the models are asked for them again the next time.
    fn forget_since(&self, _mark: &ReplyMark) -> Result<(), Failure> {
        Ok(())
    }
}
