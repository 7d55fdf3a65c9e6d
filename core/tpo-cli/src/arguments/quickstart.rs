//! Arguments of `tpo quickstart`.

use clap::Args;

use super::RunOverrides;

#[derive(Debug, Args)]
pub(crate) struct QuickstartArguments {
    #[command(flatten)]
    pub overrides: RunOverrides,
}
