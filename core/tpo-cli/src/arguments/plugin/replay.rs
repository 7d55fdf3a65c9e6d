//! Arguments of `tpo plugin replay`.

use std::path::PathBuf;

use clap::Args;

use super::LoadOptions;

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Failed batch, as a run saves it in its `failures` directory.
    pub batch: PathBuf,
    /// Use this plugin instead of the one that failed.
    #[arg(long, value_name = "PLUGIN")]
    pub plugin: Option<String>,
    #[command(flatten)]
    pub load: LoadOptions,
}
