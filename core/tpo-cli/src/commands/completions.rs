//! `tpo completions`: a completion script for a shell.

use clap::CommandFactory;
use tpo_types::Failure;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::printer::Printer;

#[expect(clippy::unnecessary_wraps, reason = "every command answers alike")]
pub(crate) fn run(arguments: &CompletionsArguments, printer: Printer) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "tpo",
        &mut script,
    );
    printer.data(&String::from_utf8_lossy(&script));
    Ok(())
}
