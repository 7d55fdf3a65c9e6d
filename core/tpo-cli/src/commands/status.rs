//! `tpo status`: the metrics of a run, read from its store.

use serde_json::json;
use tpo_run::metrics::{Evaluation, IterationMetrics};
use tpo_run::{RunDirectory, Store};
use tpo_types::Failure;

use crate::arguments::{OutputFormat, StatusArguments};
use crate::printer::Printer;
use crate::report;
use crate::text::printable_json;

pub(crate) fn run(arguments: &StatusArguments, printer: Printer) -> Result<(), Failure> {
    let directory = RunDirectory::at(&arguments.run);
    let shown = match arguments.format {
        OutputFormat::Text => text(&directory)?,
        OutputFormat::Json => {
            let (iterations, evaluations) = metrics(&directory)?;
            printable_json(&json!({
                "schema_version": 2,
                "iterations": iterations,
                "evaluations": evaluations,
            }))
        }
    };
    printer.data(&shown);
    Ok(())
}

/// The metrics of a run as text.
pub(crate) fn text(directory: &RunDirectory) -> Result<String, Failure> {
    let (iterations, evaluations) = metrics(directory)?;
    Ok(report::whole(&iterations, &evaluations))
}

fn metrics(directory: &RunDirectory) -> Result<(Vec<IterationMetrics>, Vec<Evaluation>), Failure> {
    let store = Store::open_read_only(&directory.store())?;
    Ok((store.iterations()?, store.evaluations()?))
}
