//! Models: loading, tokenizing, the decoder with its hand-written gradient, log-probabilities, sampling, export.
//!
//! Knows nothing of plugins, pairs, losses or runs. Weights are flat `f32` arrays on the CPU; candle reads and
//! dequantizes files, and its autograd is the oracle in the tests.

pub mod spec;
pub mod params;
