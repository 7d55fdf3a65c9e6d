//! Arguments of `tpo judge`, `tpo judge agree` and `tpo judge stress-test`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigOverrides, OutputFormat, Trust};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct JudgeArguments {
    #[command(subcommand)]
    pub command: Option<JudgeCommand>,
    #[command(flatten)]
    pub score: ScoreArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgeCommand {
    /// Measure how often a judge agrees with labeled preferences.
    Agree(AgreeArguments),
    /// Attack a judge with junk responses, and fail if junk beats real responses.
    StressTest(StressTestArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    #[command(flatten)]
    pub overrides: JudgeOverrides,
    /// JSONL of instructions with `response`, `responses`, `chosen` and `rejected`, or `messages`.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// File for the scores, one line per response [default: stdout].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AgreeArguments {
    #[command(flatten)]
    pub overrides: JudgeOverrides,
    /// JSONL of instructions with two responses and a label for the better one.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct StressTestArguments {
    #[command(flatten)]
    pub overrides: JudgeOverrides,
    /// JSONL of instructions with real responses.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Use only the first N rows.
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Highest acceptable win rate of junk, from 0 to 1; ties count half.
    #[arg(long, value_name = "RATE", default_value_t = 0.1, value_parser = fraction)]
    pub tolerance: f64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}

/// Which judge, and the models it may query.
#[derive(Debug, Args)]
pub(crate) struct JudgeOverrides {
    #[command(flatten)]
    pub shared: ConfigOverrides,
    /// Read the judge, models and limits from a run's configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Bind a model to the alias that the judge uses, for example `judge=smollm2-135m`; repeatable.
    #[arg(long, value_name = "ALIAS=SOURCE")]
    pub model: Vec<String>,
    /// Cache of model replies [default: `replies.db` in tpo's data directory].
    #[arg(long, value_name = "FILE")]
    pub replies: Option<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
}

fn fraction(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if (0.0..=1.0).contains(&number) {
        Ok(number)
    } else {
        Err("it must be between 0 and 1".into())
    }
}
