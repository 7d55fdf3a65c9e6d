//! A model behind a server with OpenAI's chat completions interface.
//!
//! Requests are retried here and nowhere above, within rate limits and budgets. This crate depends
//! neither on judges and plugins nor on where replies are stored.

mod client;
mod config;
mod model;
mod rate_limiter;
mod wire;

pub use config::RemoteConfig;
pub use model::OpenAiModel;
