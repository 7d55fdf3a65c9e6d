//! Language models that judges use: requests, replies and traits.
//!
//! The types are those of the contract's `model` interface, so that the code that provides models
//! and the code that passes them to plugins need not depend on each other.

mod chat;
mod embed;
mod error;
mod language_model;
mod service;

pub use chat::{ChatReply, ChatRequest, TokenLogProb};
pub use embed::{EmbedRequest, HiddenStates, TensorData};
pub use error::{ModelError, ModelOutcome};
pub use language_model::{Done, LanguageModel};
pub use service::{BoundModel, ModelRequest, ModelService, ReplyMark};
