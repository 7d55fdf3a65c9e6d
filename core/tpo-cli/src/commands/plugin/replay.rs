//! `tpo plugin replay`: runs a plugin again on a batch that it failed on.

use tpo_host::{Batching, FailedBatch, OnError, PluginRequest, Plugins};
use tpo_types::Failure;

use crate::arguments::ReplayArguments;
use crate::printer::Printer;

pub(super) fn run(arguments: &ReplayArguments, printer: Printer) -> Result<(), Failure> {
    let batch = FailedBatch::read(&arguments.batch)?;
    let source = arguments.plugin.as_ref().unwrap_or(&batch.plugin.source);
    let request = PluginRequest {
        source,
        config: &batch.config,
        on_error: OnError::Fail,
    };
    let plugin = Plugins::new(arguments.load.host_config()?)?.in_json(batch.role, &request)?;
    if plugin.identity().sha256 != batch.plugin.sha256 {
        printer.status("note: this is not the code that failed: its sha256 differs");
    }
    let answer = plugin.ask_lines(
        &batch.items,
        Batching {
            batch_size: batch.items.len().max(1),
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
