//! Which plugin a user wants, and what happens when it fails on a batch.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens when a plugin crashes, exceeds a limit or breaks the contract while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The run stops; the same command resumes it.
    #[default]
    Fail,
    /// The items that it fails on stay without an outcome of their own (unscored, malformed,
    /// dropped or not rendered) and are counted; the others are asked about again without them.
    Unscored,
    /// The batch is asked once more of a fresh instance; then as `fail`.
    Retry,
}

/// Which plugin is wanted, and how.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its name, as a user gives it.
    pub source: &'a str,
    /// Its configuration, a JSON object.
    pub config: &'a Value,
    /// What happens when it fails.
    pub on_error: OnError,
}

/// How a loaded plugin is treated.
#[derive(Debug, Clone)]
pub(crate) struct Conduct {
    pub(crate) on_error: OnError,
    /// Where a batch that it failed on is written; nowhere if none.
    pub(crate) failures: Option<PathBuf>,
}
