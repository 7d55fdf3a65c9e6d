//! `tpo`: the only crate that reads arguments and prints. Data goes to stdout, talk to stderr.

mod arguments;
mod commands;
mod plugins;
mod printer;
mod progress;
mod report;
mod text;

use std::process::ExitCode;

use clap::Parser;
use tpo_types::Failure;

use crate::arguments::{Arguments, Command, JudgeCommand, ModelCommand, PluginCommand};
use crate::printer::Printer;

/// Training and sampling free and take back large blocks all the time; the system's allocator
/// returns them to the kernel each time, which costs a third of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let printer = Printer::new(arguments.quiet);
    printer.log_events(arguments.verbose);
    match execute(arguments.command, printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.kind().exit_code())
        }
    }
}

fn execute(command: Command, printer: Printer) -> Result<(), Failure> {
    match command {
        Command::Run(arguments) => commands::run::run(&arguments, printer),
        Command::Quickstart(arguments) => commands::quickstart::run(&arguments, printer),
        Command::Init(arguments) => commands::init::run(&arguments, printer),
        Command::Judge(arguments) => match &arguments.command {
            None => commands::judge::score(&arguments.score, printer),
            Some(JudgeCommand::Agree(arguments)) => commands::judge::agree(arguments, printer),
            Some(JudgeCommand::StressTest(arguments)) => {
                commands::judge::stress_test(arguments, printer)
            }
        },
        Command::Status(arguments) => commands::status::run(&arguments, printer),
        Command::Chat(arguments) => commands::chat::run(&arguments, printer),
        Command::Plugin(PluginCommand::New(arguments)) => {
            commands::plugin::author::new(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Build(arguments)) => {
            commands::plugin::author::build(&arguments, printer)
        }
        Command::Plugin(PluginCommand::List(arguments)) => {
            commands::plugin::list(arguments.format, printer)
        }
        Command::Plugin(PluginCommand::Inspect(arguments)) => {
            commands::plugin::inspect(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Publish(arguments)) => {
            commands::plugin::published::publish(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Add(arguments)) => {
            commands::plugin::published::add(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Update(arguments)) => {
            commands::plugin::published::update(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Remove(arguments)) => {
            commands::plugin::published::remove(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Verify(arguments)) => {
            commands::plugin::published::verify(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Keygen(arguments)) => {
            commands::plugin::published::keygen(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Check(arguments)) => {
            commands::plugin::check::run(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Test(arguments)) => {
            commands::plugin::test::run(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Bench(arguments)) => {
            commands::plugin::bench::run(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Replay(arguments)) => {
            commands::plugin::replay::run(&arguments, printer)
        }
        Command::Plugin(PluginCommand::Compile(arguments)) => plugins::compile(&arguments),
        Command::Model(ModelCommand::Pull(arguments)) => commands::model::pull(&arguments, printer),
        Command::Model(ModelCommand::Logits(arguments)) => {
            commands::model::logits(&arguments, printer)
        }
        Command::Schema => commands::schema::run(printer),
        Command::Completions(arguments) => commands::completions::run(&arguments, printer),
    }
}
