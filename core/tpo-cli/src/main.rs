//! `tpo`: the only crate that reads arguments and prints. Results go to stdout, messages to stderr.

mod arguments;
mod commands;
mod judges;
mod overrides;
mod plugins;
mod printer;
mod progress;
mod report;
mod text;

use std::process::ExitCode;

use clap::Parser;
use tpo_types::Failure;

use crate::arguments::{Arguments, Command};
use crate::printer::Printer;

/// Training and sampling allocate and free large blocks all the time. The system's allocator
/// returns them to the kernel each time, which costs a third of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let printer = Printer::new(arguments.quiet);
    printer.log_events(arguments.verbose);
    match execute(&arguments.command, printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.kind().exit_code())
        }
    }
}

fn execute(command: &Command, printer: Printer) -> Result<(), Failure> {
    match command {
        Command::Run(arguments) => commands::run::run(arguments, printer),
        Command::Quickstart(arguments) => commands::quickstart::run(arguments, printer),
        Command::Eval(arguments) => commands::eval::run(arguments, printer),
        Command::Init(arguments) => commands::init::run(arguments, printer),
        Command::Instructions(command) => commands::instructions::run(command, printer),
        Command::Judge(arguments) => commands::judge::run(arguments, printer),
        Command::Status(arguments) => commands::status::run(arguments, printer),
        Command::Compare(arguments) => commands::compare::run(arguments, printer),
        Command::Chat(arguments) => commands::chat::run(arguments, printer),
        Command::Bench(arguments) => commands::bench::run(arguments, printer),
        Command::Plugin(command) => commands::plugin::run(command, printer),
        Command::Model(command) => commands::model::run(command, printer),
        Command::Schema(arguments) => commands::schema::run(arguments, printer),
        Command::Completions(arguments) => commands::completions::run(arguments, printer),
    }
}
