//! `tpo schema`: prints the JSON Schema of a configuration file.

use tpo_run::RunConfig;
use tpo_run::evaluation::EvaluationConfig;
use tpo_types::Failure;

use crate::arguments::{SchemaArguments, SchemaOf};
use crate::printer::Printer;

#[expect(
    clippy::unnecessary_wraps,
    reason = "every command has the same signature"
)]
pub(crate) fn run(arguments: &SchemaArguments, printer: Printer) -> Result<(), Failure> {
    let schema = match arguments.of {
        SchemaOf::Run => RunConfig::schema(),
        SchemaOf::Eval => EvaluationConfig::schema(),
    };
    printer.data(&format!("{schema:#}"));
    Ok(())
}
