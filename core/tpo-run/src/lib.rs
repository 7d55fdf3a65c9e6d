//! The loop: configuration, plan, iterations, run store, evaluation.
//!
//! [`iteration`] is the algorithm. This crate joins the models and the plugins through the traits
//! of `tpo-types`; it prints nothing and reads no arguments.

pub mod alpha;
pub mod bradley_terry;
pub mod checkpoints;
pub mod config;
pub mod dataset;
pub mod directory;
pub mod duels;
mod exports;
pub mod figures;
mod iteration;
pub mod judging;
pub mod models;
pub mod panel;
pub mod plan;
pub mod progress;
mod reuse;
mod run;
mod sampling;
pub mod scoring;
pub mod slice;
pub mod stages;
pub mod store;
pub mod tournament;
mod unscored;

pub use config::{JudgeAlone, Override, ReadConfig, RunConfig};
pub use directory::RunDirectory;
pub use models::{ModelBinding, Models};
pub use plan::RunPlan;
pub use run::run;
pub use stages::Stages;
pub use store::Store;
