//! Arguments of `tpo instructions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OutputFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum InstructionsCommand {
    /// Label instructions with a category and a complexity from 1 to 5.
    ///
    /// A model proposes a list of categories, which you can edit, then gives each instruction one
    /// of them and a complexity. Run the same command again to resume, or after you edited a file:
    /// a request that was answered is not sent again.
    ///
    /// Labels that a row has stay: those of the output if the row is in it, or else those of the
    /// input. Remove a label from the output to have it made again. Everything else in the output
    /// must be as in the input.
    Label(LabelArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// Instructions (JSONL), as for `tpo run`.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// File for the instructions with `category` and `complexity`, and every other field unchanged.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// Model: an alias that `--config` or `--set` binds, or else a built-in name, directory,
    /// `.gguf` file or `hf:org/name@revision`.
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// Read models from a run's configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set a key of a model, for example `models.big.server.base_url=http://127.0.0.1:8080/v1`;
    /// repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Cache of model replies [default: `replies.db` in tpo's data directory].
    #[arg(long, value_name = "FILE")]
    pub replies: Option<PathBuf>,
    /// List of categories (JSON); if it exists, no categories are proposed [default: beside the
    /// output, with the extension `categories.json`].
    #[arg(long, value_name = "FILE")]
    pub category_file: Option<PathBuf>,
    /// The most categories to propose.
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub categories: u32,
    /// The most instructions to propose categories from, twenty per request.
    #[arg(long, value_name = "N", default_value_t = 200,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub propose_from: u32,
    /// Stop when the list of categories is written.
    #[arg(long)]
    pub propose_only: bool,
    /// Drop the labels that rows have, in the input and in the output, and make all of them again.
    #[arg(long)]
    pub overwrite: bool,
    /// Seed of the sampling; another one asks again about instructions that got no label.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u32,
    /// The largest number of tokens of a label's reply; a model that thinks first needs more.
    #[arg(long, value_name = "N", default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_new_tokens: u32,
    /// Output format of the counts.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}
