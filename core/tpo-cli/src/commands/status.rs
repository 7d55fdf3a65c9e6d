//! `tpo status`: the metrics of a run, read from its store.

use serde_json::json;
use tpo_run::{RunDirectory, Store};
use tpo_types::Failure;

use crate::arguments::{OutputFormat, StatusArguments};
use crate::printer::Printer;
use crate::report::{self, RunMetrics};
use crate::text::printable_json;

pub(crate) fn run(arguments: &StatusArguments, printer: Printer) -> Result<(), Failure> {
    let directory = RunDirectory::at(&arguments.run);
    let shown = match arguments.format {
        OutputFormat::Text => text(&directory)?,
        OutputFormat::Json => {
            let metrics = metrics(&directory)?;
            printable_json(&json!({
                "schema_version": 3,
                "validation_sets": metrics.sets,
                "iterations": metrics.iterations,
                "measurements": metrics.measurements,
            }))
        }
    };
    printer.data(&shown);
    Ok(())
}

/// The metrics of a run as text.
pub(crate) fn text(directory: &RunDirectory) -> Result<String, Failure> {
    Ok(report::whole(&metrics(directory)?))
}

fn metrics(directory: &RunDirectory) -> Result<RunMetrics, Failure> {
    let store = Store::open_read_only(&directory.store())?;
    Ok(RunMetrics {
        iterations: store.iterations()?,
        measurements: store.measurements()?,
        sets: store.validation_sets()?,
    })
}
