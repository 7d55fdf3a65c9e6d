//! Arguments of `tpo plugin check`.

use clap::Args;

use super::LoadOptions;

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Directory with `tpo-plugin.toml`, path of a `.wasm` file, built-in name, or
    /// `oci://host/name:tag`.
    pub plugin: String,
    #[command(flatten)]
    pub load: LoadOptions,
}
