//! `tpo judge`: a judge on its own. It scores a file, is compared with labels, or is attacked.

mod agree;
mod score;
mod stress_test;

use tpo_types::Failure;

use crate::arguments::{JudgeArguments, JudgeCommand};
use crate::printer::Printer;

pub(crate) fn run(arguments: &JudgeArguments, printer: Printer) -> Result<(), Failure> {
    match &arguments.command {
        None => score::run(&arguments.score, printer),
        Some(JudgeCommand::Agree(arguments)) => agree::run(arguments, printer),
        Some(JudgeCommand::StressTest(arguments)) => stress_test::run(arguments, printer),
    }
}
