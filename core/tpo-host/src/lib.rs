//! The plugin host: components in, stages out.
//!
//! [`Plugins`] turns the name of a plugin into one of the stage traits of `tpo-types`. A component
//! is code from anybody, so it is looked at before it is compiled, compiled where it can be ended,
//! runs with nothing but what the contract in `wit/` lends it, ends when it has used up its
//! [`Limits`], and its answers are checked as if they were hostile.
//!
//! This crate knows nothing of models, training or run stores: it meets them in the types of
//! `tpo-types`.

mod asking;
mod batch;
mod bindings;
pub mod builtin;
mod bundles;
mod code;
mod compile;
mod component;
mod conduct;
mod contract;
mod crash;
mod drift;
mod engine;
mod failed_batch;
mod footprint;
mod inspection;
mod instances;
mod json;
mod limits;
mod log;
mod models;
mod native;
mod plugin;
mod plugins;
mod roles;
mod source;
mod state;
mod trial;
mod wasi;

pub use bundles::Bundles;
pub use compile::{Workshop, compile_worker};
pub use conduct::{OnError, Wanted};
pub use failed_batch::FailedBatch;
pub use inspection::{Inspection, Reach};
pub use json::{Answer, Cut, JsonPlugin};
pub use limits::Limits;
pub use plugins::{Plugins, Setup};
pub use roles::judge::JudgePlugin;
pub use roles::pairwise::PairwiseJudgePlugin;
pub use roles::parser::ParserPlugin;
pub use roles::selector::SelectorPlugin;
pub use roles::template::TemplatePlugin;
pub use source::anchored;
pub use trial::{Case, Check, Trial, trial};
