//! `tpo instructions`: what can be done with instructions before a run.

mod label;
mod model;

use tpo_types::Failure;

use crate::arguments::InstructionsCommand;
use crate::printer::Printer;

pub(crate) fn run(command: &InstructionsCommand, printer: Printer) -> Result<(), Failure> {
    match command {
        InstructionsCommand::Label(arguments) => label::run(arguments, printer),
    }
}
