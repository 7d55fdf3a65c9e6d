//! Arguments of `tpo plugin test`.

use std::path::PathBuf;

use clap::Args;
use tpo_types::PluginRole;

use super::{LoadOptions, role};

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Built-in name, path of a `.wasm` file, or `oci://host/name:tag`.
    pub plugin: String,
    /// Test this role only.
    #[arg(long, value_parser = role)]
    pub role: Option<PluginRole>,
    /// Test cases (JSONL) [default: fixtures/ROLE.jsonl or fixtures/cases.jsonl next to the
    /// component].
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
    #[command(flatten)]
    pub load: LoadOptions,
}
