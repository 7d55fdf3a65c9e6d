//! Arguments of `tpo model`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Download and verify a model, and print its path.
    Pull(PullArguments),
    /// Print the logits of a token sequence as JSON, for comparison with other engines.
    #[command(hide = true)]
    Logits(LogitsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// Built-in name, directory, `.gguf` file or `hf:org/name@revision`.
    #[arg(default_value = "smollm2-135m")]
    pub model: String,
}

#[derive(Debug, Args)]
pub(crate) struct LogitsArguments {
    /// Directory or `.gguf` file.
    pub model: PathBuf,
    /// Token ids, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    pub ids: Vec<u32>,
}
