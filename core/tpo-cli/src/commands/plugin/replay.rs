//! `tpo plugin replay`: ask a plugin once more about a batch that it failed on.

use tpo_host::{Batching, FailedBatch, OnError, PluginRequest, Plugins};
use tpo_types::Failure;

use crate::arguments::ReplayArguments;
use crate::printer::Printer;

pub(crate) fn run(arguments: &ReplayArguments, printer: Printer) -> Result<(), Failure> {
    let batch = FailedBatch::read(&arguments.batch)?;
    let source = arguments.plugin.as_ref().unwrap_or(&batch.plugin.source);
    let wanted = PluginRequest {
        source,
        config: &batch.config,
        on_error: OnError::Fail,
    };
    let plugin = Plugins::new(arguments.trial.setup()?)?.in_json(batch.role, &wanted)?;
    if plugin.identity().sha256 != batch.plugin.sha256 {
        printer.talk("note: this is not the code that failed; its sha256 differs");
    }
    let answer = plugin.ask_lines(
        &batch.items,
        Batching {
            batch_size: batch.items.len().max(1),
            threads: 1,
        },
    )?;
    printer.talk(&format!(
        "{} answers all {} items this time",
        plugin.identity(),
        batch.items.len()
    ));
    printer.data_json(|out| answer.write(out));
    Ok(())
}
