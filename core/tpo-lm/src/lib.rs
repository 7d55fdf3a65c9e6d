//! Models: loading, tokenizing, the decoder with its hand-written gradient, log-probabilities,
//! sampling, export.
//!
//! Knows nothing of plugins, pairs, losses or runs. Weights are flat `f32` arrays on the CPU;
//! candle reads and dequantizes files, and its autograd is the oracle in the tests.

pub mod params;
pub mod spec;

mod block;
mod chat_template;
pub mod decoder;
pub mod export;
pub mod fetch;
#[cfg(test)]
mod fixtures;
mod kernels;
pub mod load;
pub mod local_model;
mod log_prob;
pub mod lora;
pub mod pack;
pub mod policy;
pub mod rng;
pub mod sample;
pub mod tokenizer;
