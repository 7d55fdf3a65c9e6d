//! How a plugin is loaded outside a run.

use clap::Args;

use crate::arguments::Trust;

#[derive(Debug, Args)]
pub(crate) struct LoadOptions {
    #[command(flatten)]
    pub trust: Trust,
    /// Set a limit as in `[limits]` of a configuration, for example `memory_mib=512`; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub limit: Vec<String>,
}
