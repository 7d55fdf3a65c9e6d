//! The plugin host: components in, stages out.
//!
//! [`Plugins`] turns the name of a component into one of the stage traits of `tpo-types`. A component is code from
//! anybody, so it is looked at before it is compiled, runs with nothing but what the contract in `wit/` lends it, ends
//! when it has used up its [`Limits`], and its answers are checked as if they were hostile.
//!
//! This crate knows nothing of models, training or run stores: it meets them in the types of `tpo-types`.

mod batch;
mod bindings;
pub mod builtin;
mod component;
mod contract;
mod convert;
mod crash;
mod engine;
mod inspection;
mod judge;
mod limits;
mod log;
mod pairwise;
mod parser;
mod plugin;
mod plugins;
mod selector;
mod source;
mod state;
mod surface;
mod template;
mod text;
mod wasi;

pub use inspection::Inspection;
pub use judge::JudgePlugin;
pub use limits::Limits;
pub use pairwise::PairwiseJudgePlugin;
pub use parser::ParserPlugin;
pub use plugins::Plugins;
pub use selector::SelectorPlugin;
pub use source::anchored;
pub use template::TemplatePlugin;
