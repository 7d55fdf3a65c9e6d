//! `tpo completions`: generates a shell completion script.

use clap::CommandFactory;
use tpo_types::Failure;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::printer::Printer;

#[expect(
    clippy::unnecessary_wraps,
    reason = "every command has the same signature"
)]
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
