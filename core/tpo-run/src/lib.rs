//! The loop: configuration, plan, iterations, run store, validation.
//!
//! `iteration.rs` is the algorithm and `stages/` its steps. This crate joins models and plugins
//! through the traits of `tpo-types`; it prints nothing and reads no arguments.

mod arm;
pub mod bench;
pub mod comparison;
pub mod config;
mod context;
pub mod dataset;
pub mod directory;
mod engines;
pub mod evaluation;
mod groups;
mod iteration;
mod meetings;
pub mod metrics;
mod model_version;
pub mod pipeline;
pub mod plan;
mod policy;
pub mod progress;
mod reuse;
mod run;
pub mod slice;
mod stages;
pub mod store;
mod token_units;

pub use arm::Arm;
pub use config::{Override, ReadConfig, RunConfig, read_standalone_judge};
pub use directory::RunDirectory;
pub use model_version::ModelVersion;
pub use pipeline::Pipeline;
pub use plan::RunPlan;
pub use run::run;
pub use store::Store;
pub use token_units::differences_in_tokens;
