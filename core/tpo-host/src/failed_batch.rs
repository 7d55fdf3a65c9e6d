//! A batch that a plugin failed on, as a file: all that is needed to see the failure again.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tpo_types::{Digest, Failure, FailureKind, PluginIdentity, PluginRole};

use crate::plugin::Plugin;
use crate::roles::Role;

/// A batch that a plugin failed on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedBatch {
    /// The role it was asked in.
    pub role: PluginRole,
    /// The plugin that failed.
    pub plugin: PluginIdentity,
    /// Its configuration.
    pub config: Value,
    /// How it failed.
    pub error: String,
    /// What it was asked about: the role's items as the contract has them.
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

/// Writes the batch into `directory`, and says so in its failure. One batch is one file, however
/// often it fails.
pub(crate) fn keep<R: Role>(
    plugin: &Plugin<R>,
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
        // The failure of the plugin is what the user must hear of.
        tracing::warn!(
            "the failed batch cannot be written to `{}`: {error}",
            path.display()
        );
        return Ok(failure);
    }
    let replay = format!("`tpo plugin replay {}` asks it again", path.display());
    let hint = failure
        .nearest_hint()
        .map_or(replay.clone(), |hint| format!("{hint}; {replay}"));
    Ok(failure.hint(hint))
}
