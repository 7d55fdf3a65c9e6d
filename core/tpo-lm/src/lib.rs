//! Models: loading, tokenizing, the decoder with its hand-written gradient, log-probabilities,
//! sampling, export.
//!
//! Weights are flat `f32` arrays on the CPU; candle reads and dequantizes files, and its autograd
//! is the oracle in the tests. This crate must not depend on plugins, losses or runs.

/// Revision of the engine's numbers. Raised whenever the same model, prompt and seed give other
/// tokens or log-probabilities than before, so that saved completions are not reused.
pub const NUMERICS: u32 = 2;

pub mod decoder;
pub mod export;
pub mod family;
pub mod fetch;
pub mod load;
pub mod local_model;
pub mod lora;
pub mod model;
pub mod pack;
pub mod params;
pub mod paths;
pub mod peaks;
pub mod precision;
pub mod projection;
pub mod rng;
pub mod sample;
pub mod spec;
pub mod token_units;
pub mod tokenizer;

mod backbone;
mod block;
mod chat_template;
mod files;
#[cfg(test)]
mod fixtures;
mod kernels;
mod log_prob;
mod weights;
