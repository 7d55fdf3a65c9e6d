//! Arguments of `tpo run`.

use std::path::PathBuf;

use clap::Args;

use tpo_run::Arm;

use super::{ConfigOverrides, Trust};

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Configuration file.
    #[arg(default_value = "tpo.toml")]
    pub config: PathBuf,
    #[command(flatten)]
    pub overrides: RunOverrides,
    /// Reuse the outputs of another run where this run would produce the same, for example its
    /// completions if only the judge differs.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Run this variant too, with another thought prompt and everything else the same: `direct`,
    /// without a thought prompt, or `thought=SOURCE`, with a plugin or a TOML file that has the
    /// keys of `[thought]`. Can be repeated.
    #[arg(long = "arm", value_name = "ARM")]
    pub arms: Vec<Arm>,
    /// Check everything and print the plan, without sampling or training.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Overrides of a run's configuration, and its directory.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunOverrides {
    #[command(flatten)]
    pub shared: ConfigOverrides,
    /// Thought template, and the parser of the same component: built-in name, path of a `.wasm`
    /// file, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub thought: Option<String>,
    /// Response parser: built-in name, path of a `.wasm` file, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub parser: Option<String>,
    /// Pair selector: built-in name, path of a `.wasm` file, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub selector: Option<String>,
    /// Model to train: built-in name, directory, `.gguf` file or `hf:org/name@revision`.
    #[arg(long, value_name = "SOURCE")]
    pub model: Option<String>,
    /// Training instructions (JSONL).
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Run directory [default: runs/NAME].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
}
