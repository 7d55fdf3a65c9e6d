//! `tpo judge`: a judge on its own. It scores a file, is compared with labels, or is attacked.

mod agree;
mod score;
mod stress_test;

use std::path::Path;

use tpo_judge::{Scoring, standalone};
use tpo_run::read_standalone_judge;
use tpo_types::Failure;

use crate::arguments::{JudgeArguments, JudgeCommand, JudgeOverrides};
use crate::plugins;
use crate::printer::Printer;

pub(crate) fn run(arguments: &JudgeArguments, printer: Printer) -> Result<(), Failure> {
    match &arguments.command {
        None => score::run(&arguments.score, printer),
        Some(JudgeCommand::Agree(arguments)) => agree::run(arguments, printer),
        Some(JudgeCommand::StressTest(arguments)) => stress_test::run(arguments, printer),
    }
}

/// Opens the judge that the options describe.
fn open(options: &JudgeOverrides, printer: Printer) -> Result<Box<dyn Scoring>, Failure> {
    let config = read_standalone_judge(options.config.as_deref(), &options.list()?)?;
    let lock = options
        .config
        .as_deref()
        .unwrap_or(Path::new(""))
        .with_file_name(tpo_bundle::LOCK_FILE);
    let host = plugins::host_config(options.trust, &lock)?;
    standalone::open(&config, options.replies.as_deref(), host, &|text| {
        printer.status(text);
    })
}
