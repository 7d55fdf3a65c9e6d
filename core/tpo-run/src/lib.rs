//! The loop: configuration, plan, iterations, run store, evaluation.
//!
//! [`iteration`] is the algorithm. This crate joins the models and the plugins through the traits
//! of `tpo-types`; it prints nothing and reads no arguments.

pub mod checkpoints;
pub mod config;
pub mod dataset;
pub mod directory;
mod exports;
pub mod figures;
mod iteration;
pub mod plan;
pub mod progress;
mod reuse;
mod run;
mod sampling;
pub mod slice;
pub mod stages;
pub mod store;

pub use config::{Override, ReadConfig, RunConfig, read_standalone_judge};
pub use directory::RunDirectory;
pub use plan::RunPlan;
pub use run::run;
pub use stages::Stages;
pub use store::Store;
