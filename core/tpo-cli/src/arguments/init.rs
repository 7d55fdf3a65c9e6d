//! Arguments of `tpo init`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Directory to write to.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
}
