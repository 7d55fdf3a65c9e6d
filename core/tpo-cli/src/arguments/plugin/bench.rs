//! Arguments of `tpo plugin bench`.

use std::path::PathBuf;

use clap::Args;
use tpo_types::PluginRole;

use super::{LoadOptions, role};

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Built-in name, path of a `.wasm` file, or `oci://host/name:tag`.
    pub plugin: String,
    /// Benchmark this role only.
    #[arg(long, value_parser = role)]
    pub role: Option<PluginRole>,
    /// Items to benchmark with, in the format of `tpo plugin test`.
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
    #[command(flatten)]
    pub load: LoadOptions,
}
