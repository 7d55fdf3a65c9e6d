//! A batch that a plugin failed on, as a file with everything needed to reproduce the failure.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tpo_types::{Digest, Failure, FailureKind, PluginIdentity, PluginRole};

use crate::dispatch::plugin::RolePlugin;
use crate::dispatch::role::RoleContract;

/// A batch that a plugin failed on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedBatch {
    /// The role that it was called in.
    pub role: PluginRole,
    /// The plugin that failed.
    pub plugin: PluginIdentity,
    /// Its configuration.
    pub config: Value,
    /// How it failed.
    pub error: String,
    /// Its items, as the contract's records.
    pub items: Vec<Value>,
}

impl FailedBatch {
    /// Reads a file that a run has written.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let cannot =
            |what: &str| Failure::new(FailureKind::Input, format!("`{}` {what}", path.display()));
        let text =
            fs::read_to_string(path).map_err(|error| cannot("cannot be read").because(error))?;
        serde_json::from_str(&text).map_err(|error| {
            cannot("is not a failed batch")
                .because(error)
                .hint("a run writes them to its directory `failures`")
        })
    }
}

/// Writes the batch into `directory`, and adds a hint to its failure. One batch is one file,
/// however often it fails.
pub(crate) fn keep<R: RoleContract>(
    plugin: &RolePlugin<R>,
    items: &[R::Item],
    failure: Failure,
    directory: &Path,
) -> Result<Failure, Failure> {
    let bug =
        |error| Failure::new(FailureKind::Bug, "a failed batch does not serialize").because(error);
    let items: Vec<Value> = items
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(bug)?;
    let batch = FailedBatch {
        role: R::ROLE,
        plugin: plugin.identity.clone(),
        config: plugin.config.clone(),
        error: failure.to_string(),
        items,
    };
    let text = serde_json::to_string_pretty(&batch).map_err(bug)?;
    let digest = Digest::of(&text).hex();
    let path = directory.join(format!("{}-{}.json", R::ROLE, &digest[..12]));
    let written = fs::create_dir_all(directory).and_then(|()| fs::write(&path, text));
    if let Err(error) = written {
        // The failure of the plugin matters more to the user.
        tracing::warn!(
            "the failed batch cannot be written to `{}`: {error}",
            path.display()
        );
        return Ok(failure);
    }
    let replay = format!("`tpo plugin replay {}` reproduces it", path.display());
    let hint = failure
        .nearest_hint()
        .map_or(replay.clone(), |hint| format!("{hint}; {replay}"));
    Ok(failure.hint(hint))
}
