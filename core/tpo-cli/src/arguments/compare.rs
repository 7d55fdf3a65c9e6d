//! Arguments of `tpo compare`.

use clap::Args;

use super::{JudgeOverrides, OutputFormat};

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Run directories, or those of arms; the others are compared with the first. `DIR@2` names the
    /// model of iteration 2, `DIR@base` the base model [default: the best model by the run's first
    /// validation set].
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
    // Without `--judge` or `--config`, only what the runs measured is compared.
    #[command(flatten, next_help_heading = "Let a judge compare the responses")]
    pub judge: JudgeOverrides,
}
