//! `tpo plugin replay`: runs a plugin again on a batch that it failed on.

use tpo_host::{Cut, FailedBatch, OnError, Plugins, Wanted};
use tpo_types::Failure;

use crate::arguments::ReplayArguments;
use crate::printer::Printer;

pub(super) fn run(arguments: &ReplayArguments, printer: Printer) -> Result<(), Failure> {
    let batch = FailedBatch::read(&arguments.batch)?;
    let source = arguments.plugin.as_ref().unwrap_or(&batch.plugin.source);
    let wanted = Wanted {
        source,
        config: &batch.config,
        on_error: OnError::Fail,
    };
    let plugin = Plugins::new(arguments.load.setup()?)?.in_json(batch.role, &wanted)?;
    if plugin.identity().sha256 != batch.plugin.sha256 {
        printer.status("note: this is not the code that failed: its sha256 differs");
    }
    let answer = plugin.answer(
        &batch.items,
        Cut {
            batch: batch.items.len().max(1),
            threads: 1,
        },
    )?;
    printer.status(&format!(
        "{} handled all {} items",
        plugin.identity(),
        batch.items.len()
    ));
    printer.data_json(|out| answer.write(out));
    Ok(())
}
