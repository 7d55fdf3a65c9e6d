//! `tpo plugin`: look at plugins, and put them to the test.

pub(crate) mod author;
pub(crate) mod bench;
pub(crate) mod check;
mod inspect;
pub(crate) mod published;
pub(crate) mod replay;
pub(crate) mod test;

use std::path::Path;

use tpo_host::{HostConfig, Limits};
use tpo_types::{Failure, FailureKind, PluginRole};

use crate::arguments::Trial;
use crate::plugins;

pub(crate) use inspect::{inspect, list};

impl Trial {
    /// How plugins are loaded for a trial.
    fn setup(&self) -> Result<HostConfig, Failure> {
        Ok(HostConfig {
            limits: limits(&self.limit)?,
            ..plugins::setup(self.trust, Path::new(tpo_bundle::LOCK_FILE))?
        })
    }
}

/// The default limits with some of them set, as `memory_mib=512`.
fn limits(given: &[String]) -> Result<Limits, Failure> {
    let mut limits = serde_json::Map::new();
    for given in given {
        let value = given
            .split_once('=')
            .and_then(|(key, value)| Some((key, value.parse::<u32>().ok()?)));
        let (key, value) = value.ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("`--limit {given}` is not a limit"),
            )
            .hint(
                "write it as `--limit memory_mib=512`; the keys are those of `[limits]` in \
                    a configuration",
            )
        })?;
        limits.insert(key.into(), value.into());
    }
    serde_json::from_value(limits.into()).map_err(|error| {
        Failure::new(FailureKind::Usage, "`--limit` does not know this key")
            .because(error)
            .hint("`tpo schema` describes every key")
    })
}

/// The role to try a plugin in: the one that is asked for, or the only one it plays.
fn role(
    source: &str,
    wanted: Option<PluginRole>,
    roles: &[PluginRole],
) -> Result<Vec<PluginRole>, Failure> {
    match wanted {
        None => Ok(roles.to_vec()),
        Some(role) if roles.contains(&role) => Ok(vec![role]),
        Some(role) => {
            let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            let what = format!("`{source}` plays {}, not {role}", names.join(" and "));
            Err(Failure::new(FailureKind::Usage, what))
        }
    }
}

/// The author's cases that lie where a project has them, beside or above the component.
fn cases_beside(component: &str, role: PluginRole) -> Option<std::path::PathBuf> {
    let names = [
        format!("fixtures/{role}.jsonl"),
        "fixtures/cases.jsonl".to_owned(),
    ];
    let directory = Path::new(component).parent()?;
    names
        .iter()
        .map(|name| directory.join(name))
        .find(|path| path.is_file())
}
