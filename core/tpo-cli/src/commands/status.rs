//! `tpo status`: the metrics of a run, read from its store.

use serde_json::json;
use tpo_run::{ModelVersion, RunDirectory, Store};
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
            let mut runs = metrics(&directory)?.into_iter().map(|run| {
                json!({
                    "arm": run.arm,
                    "validation_sets": run.sets,
                    "iterations": run.iterations,
                    "measurements": run.measurements,
                })
            });
            let mut shown = runs.next().unwrap_or_default();
            shown["schema_version"] = json!(3);
            shown["arms"] = runs.collect();
            printable_json(&shown)
        }
    };
    printer.data(&shown);
    Ok(())
}

/// The metrics of a run as text.
pub(crate) fn text(directory: &RunDirectory) -> Result<String, Failure> {
    Ok(report::whole(&metrics(directory)?))
}

/// One instruction with the answers of the base model and of the last one.
pub(crate) fn example(directory: &RunDirectory) -> Result<Option<String>, Failure> {
    let store = Store::open_read_only(&directory.store())?;
    let (iterations, sets) = (store.iterations()?, store.validation_sets()?);
    let (Some(last), Some(set)) = (iterations.last(), sets.first()) else {
        return Ok(None);
    };
    let example = store.example(set, ModelVersion::BASE, last.kept)?;
    Ok(example.map(|example| report::example_text(&example)))
}

/// The metrics of a run, then those of its arms.
fn metrics(directory: &RunDirectory) -> Result<Vec<RunMetrics>, Failure> {
    let mut all = vec![of_one(directory, None)?];
    for name in directory.arms() {
        all.push(of_one(&directory.arm(&name), Some(name))?);
    }
    Ok(all)
}

fn of_one(directory: &RunDirectory, arm: Option<String>) -> Result<RunMetrics, Failure> {
    let store = Store::open_read_only(&directory.store())?;
    Ok(RunMetrics {
        arm,
        iterations: store.iterations()?,
        measurements: store.measurements()?,
        sets: store.validation_sets()?,
    })
}
