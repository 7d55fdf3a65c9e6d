//! A model behind a server that speaks OpenAI's interface for chat: asked patiently, never faster
//! and never more than allowed.
//!
//! The only layer that tries again. Whoever calls gets an answer, or learns why there is none; of
//! judges, plugins and of what is recorded nothing is known here.

mod client;
mod config;
mod gate;
mod model;
mod pause;
mod wire;

pub use config::RemoteConfig;
pub use model::OpenAiModel;
