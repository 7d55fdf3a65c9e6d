//! How the host loads a plugin with the options of a command.

use std::path::Path;

use tpo_host::{HostConfig, Limits};
use tpo_types::{Failure, FailureKind};

use crate::arguments::LoadOptions;
use crate::plugins;

impl LoadOptions {
    /// How the host loads plugins with these options.
    pub(super) fn host_config(&self) -> Result<HostConfig, Failure> {
        Ok(HostConfig {
            limits: limits(&self.limit)?,
            ..plugins::host_config(self.trust, Path::new(tpo_bundle::LOCK_FILE))?
        })
    }
}

/// The default limits, except for those that `given` sets, for example `memory_mib=512`.
fn limits(given: &[String]) -> Result<Limits, Failure> {
    let mut limits = serde_json::Map::new();
    for given in given {
        let value = given
            .split_once('=')
            .and_then(|(key, value)| Some((key, value.parse::<u32>().ok()?)));
        let (key, value) = value.ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("`--limit {given}` does not set a limit to a whole number"),
            )
            .hint(
                "write `--limit memory_mib=512`; the keys are those of `[limits]` in a \
                    configuration",
            )
        })?;
        limits.insert(key.into(), value.into());
    }
    serde_json::from_value(limits.into()).map_err(|error| {
        Failure::new(FailureKind::Usage, "`--limit` has an unknown key")
            .because(error)
            .hint("`tpo schema` describes every key")
    })
}
