//! `tpo plugin`: create, build, test and publish plugins.

mod author;
mod bench;
mod check;
mod inspect;
mod published;
mod replay;
mod test;

use std::path::Path;

use tpo_host::{HostConfig, Limits};
use tpo_types::{Failure, FailureKind, PluginRole};

use crate::arguments::{LoadOptions, PluginCommand};
use crate::plugins;
use crate::printer::Printer;

pub(crate) fn run(command: &PluginCommand, printer: Printer) -> Result<(), Failure> {
    match command {
        PluginCommand::New(arguments) => author::new(arguments, printer),
        PluginCommand::Build(arguments) => author::build(arguments, printer),
        PluginCommand::List(arguments) => inspect::list(arguments.format, printer),
        PluginCommand::Inspect(arguments) => inspect::inspect(arguments, printer),
        PluginCommand::Check(arguments) => check::run(arguments, printer),
        PluginCommand::Test(arguments) => test::run(arguments, printer),
        PluginCommand::Bench(arguments) => bench::run(arguments, printer),
        PluginCommand::Replay(arguments) => replay::run(arguments, printer),
        PluginCommand::Publish(arguments) => published::publish(arguments, printer),
        PluginCommand::Add(arguments) => published::add(arguments, printer),
        PluginCommand::Update(arguments) => published::update(arguments, printer),
        PluginCommand::Remove(arguments) => published::remove(arguments, printer),
        PluginCommand::Verify(arguments) => published::verify(arguments, printer),
        PluginCommand::Keygen(arguments) => published::keygen(arguments, printer),
        PluginCommand::Compile(arguments) => plugins::compile(arguments),
    }
}

impl LoadOptions {
    /// How the host loads plugins with these options.
    fn host_config(&self) -> Result<HostConfig, Failure> {
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

/// The roles to test a plugin in: the requested one, or all that it has.
fn roles(
    source: &str,
    requested: Option<PluginRole>,
    own: &[PluginRole],
) -> Result<Vec<PluginRole>, Failure> {
    match requested {
        None => Ok(own.to_vec()),
        Some(role) if own.contains(&role) => Ok(vec![role]),
        Some(role) => {
            let names: Vec<&str> = own.iter().map(|role| role.as_str()).collect();
            let what = format!("`{source}` is a {}, not a {role}", names.join(" and a "));
            Err(Failure::new(FailureKind::Usage, what))
        }
    }
}

/// The test cases of a project, next to its component.
fn project_cases(component: &str, role: PluginRole) -> Option<std::path::PathBuf> {
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
