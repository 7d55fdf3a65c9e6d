//! `tpo plugin`: create, build, test and publish plugins.

mod author;
mod bench;
mod cases;
mod check;
mod inspect;
mod load;
mod published;
mod replay;
mod test;

use tpo_types::Failure;

use crate::arguments::PluginCommand;
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
