//! Options that override the configuration file, shared by runs and stand-alone judges.

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigOverrides {
    /// Judge: built-in name, path of a `.wasm` file, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub judge: Option<String>,
    /// Set any other configuration key, for example `limits.seconds_per_call=30`;
    /// repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
