//! `tpo schema`: prints the JSON Schema of the configuration file.

use tpo_run::RunConfig;
use tpo_types::Failure;

use crate::printer::Printer;

#[expect(
    clippy::unnecessary_wraps,
    reason = "every command has the same signature"
)]
pub(crate) fn run(printer: Printer) -> Result<(), Failure> {
    printer.data(&format!("{:#}", RunConfig::schema()));
    Ok(())
}
