//! Training on preference pairs: loss, batches, optimizer, schedule, trainer.
//!
//! Input: pairs as tokens with their reference log-probabilities; output: a checkpoint. The caller
//! gets the metrics of every step. This crate must not depend on plugins or run stores.

pub mod adamw;
pub mod batches;
pub mod clip;
pub mod config;
pub mod gradient;
pub mod loss;
pub mod schedule;

mod checks;
mod metrics;
mod trainer;

pub use config::{Keep, TrainConfig};
pub use trainer::LocalTrainer;
