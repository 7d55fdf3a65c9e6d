//! Runs compilers and package managers.

use std::io;
use std::process::{Command, Output};

use tpo_types::{Failure, FailureKind};

/// Runs a compiler. Its output is returned, or becomes the cause of the failure.
pub(crate) fn compile(command: &mut Command, tool: &str, hint: &str) -> Result<Output, Failure> {
    let output = start(command, tool, hint)?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Failure::new(
        FailureKind::Plugin,
        format!("{tool} failed to build the plugin ({})", output.status),
    )
    .because(tool_output(&output)))
}

/// Runs a package manager.
pub(crate) fn install(
    command: &mut Command,
    tool: &str,
    what: &str,
    hint: &str,
) -> Result<(), Failure> {
    let output = start(command, tool, hint)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Network,
        format!("{tool} cannot install {what}"),
    )
    .because(tool_output(&output))
    .hint(hint))
}

/// The output of a tool, stderr first.
pub(crate) fn tool_output(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (errors, rest) = (text(&output.stderr), text(&output.stdout));
    if errors.is_empty() || rest.is_empty() {
        format!("{errors}{rest}")
    } else {
        format!("{errors}\n{rest}")
    }
}

fn start(command: &mut Command, tool: &str, hint: &str) -> Result<Output, Failure> {
    command.output().map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        let what = if missing {
            format!("{tool} is not installed")
        } else {
            format!("{tool} cannot be started")
        };
        Failure::new(FailureKind::Resources, what)
            .because(error)
            .hint(hint)
    })
}
