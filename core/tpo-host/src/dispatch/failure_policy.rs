//! Which plugin is requested, and what happens when it fails on a batch.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens when a plugin crashes, exceeds a limit or breaks the contract during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The run stops; the same command resumes it.
    #[default]
    Fail,
    /// The items that it fails on get no outcome of their own: they are unscored, malformed,
    /// dropped or not rendered, and counted. The other items are sent again without them.
    Unscored,
    /// The batch is sent once more, to a fresh instance; then as `fail`.
    Retry,
}

/// Which plugin is requested, and how it is configured.
#[derive(Debug, Clone, Copy)]
pub struct PluginRequest<'a> {
    /// Its name, as a user gives it.
    pub source: &'a str,
    /// Its configuration, a JSON object.
    pub config: &'a Value,
    /// What happens when it fails.
    pub on_error: OnError,
}

/// What happens when a loaded plugin fails on a batch.
#[derive(Debug, Clone)]
pub(crate) struct FailurePolicy {
    pub(crate) on_error: OnError,
    /// Where such batches are written; nowhere if none.
    pub(crate) directory: Option<PathBuf>,
}
