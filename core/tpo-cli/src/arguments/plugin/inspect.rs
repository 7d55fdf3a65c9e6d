//! Arguments of `tpo plugin list` and `tpo plugin inspect`.

use clap::Args;

use crate::arguments::{OutputFormat, Trust};

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// Built-in name, path of a `.wasm` file, or `oci://host/name:tag`.
    pub plugin: String,
    #[command(flatten)]
    pub trust: Trust,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}
