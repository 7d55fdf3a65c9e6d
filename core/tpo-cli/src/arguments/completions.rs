//! Arguments of `tpo completions`.

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// Shell to generate the script for.
    #[arg(value_enum)]
    pub shell: Shell,
}
