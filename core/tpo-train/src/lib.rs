//! Training on preference pairs: loss, batches, optimizer, schedule, trainer.
//!
//! Pairs come in as tokens with their reference log-probabilities; a checkpoint goes out. This
//! crate knows nothing of plugins, run stores, or how the pairs came about, and it prints nothing:
//! every step is handed to the caller.

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

pub use config::TrainConfig;
pub use trainer::LocalTrainer;
