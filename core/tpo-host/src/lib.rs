//! The plugin host: components in, stages out.
//!
//! [`Plugins`] turns the name of a plugin into one of the stage traits of `tpo-types`. A component
//! may come from anybody, so its names are checked before it is compiled, it is compiled in a
//! process of its own, it gets nothing but the imports of the contract in `wit/`, it is stopped
//! when it exceeds its [`Limits`], and its outcomes are checked as untrusted input.
//!
//! This crate must not depend on models, training or run stores: it meets them in the types of
//! `tpo-types`.
//!
//! `source` finds a plugin's bytes, `contract` says what a plugin is, `component` compiles and runs
//! one component and `native` loads one library, `dispatch` makes calls in batches, `plugins` leads
//! from a name to code, `roles` has a file per role, `inspection` describes a plugin and
//! `conformance` tests it. The arrows between them have no circle.

mod component;
mod conformance;
mod contract;
mod dispatch;
mod inspection;
mod limits;
mod native;
mod plugins;
mod roles;
mod source;

pub use component::compile::{CompileService, compile_worker};
pub use conformance::{Case, Check, Conformance, check_conformance};
pub use dispatch::failed_batch::FailedBatch;
pub use dispatch::failure_policy::{OnError, PluginRequest};
pub use dispatch::json::{Batching, JsonLines, JsonPlugin};
pub use inspection::{Capabilities, Inspection};
pub use limits::Limits;
pub use plugins::{HostConfig, Plugins};
pub use roles::judge::JudgePlugin;
pub use roles::pair_selector::SelectorPlugin;
pub use roles::pairwise_judge::PairwiseJudgePlugin;
pub use roles::response_parser::ParserPlugin;
pub use roles::thought_template::TemplatePlugin;
pub use source::bundles::Bundles;
pub use source::{builtin, is_file, resolve_relative};
