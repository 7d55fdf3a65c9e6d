//! The command line: one file per command, and the options that several commands share.

mod bench;
mod chat;
mod compare;
mod completions;
mod config;
mod eval;
mod init;
mod instructions;
mod judge;
mod model;
mod output;
mod plugin;
mod quickstart;
mod run;
mod schema;
mod status;
mod trust;

use clap::{Parser, Subcommand};
use tpo_types::FailureKind;

pub(crate) use bench::EngineBenchArguments;
pub(crate) use chat::ChatArguments;
pub(crate) use compare::CompareArguments;
pub(crate) use completions::CompletionsArguments;
pub(crate) use config::ConfigOverrides;
pub(crate) use eval::{EvalArguments, Threshold};
pub(crate) use init::InitArguments;
pub(crate) use instructions::{InstructionsCommand, LabelArguments};
pub(crate) use judge::{
    AgreeArguments, JudgeArguments, JudgeCommand, JudgeOverrides, ScoreArguments,
    StressTestArguments,
};
pub(crate) use model::{LogitsArguments, ModelCommand, PullArguments};
pub(crate) use output::OutputFormat;
pub(crate) use plugin::{
    AddArguments, BenchArguments, BuildArguments, COMPILE, CheckArguments, CompileArguments,
    InspectArguments, KeygenArguments, LoadOptions, NewArguments, PluginCommand, PublishArguments,
    RemoveArguments, ReplayArguments, TestArguments, UpdateArguments, VerifyArguments,
};
pub(crate) use quickstart::QuickstartArguments;
pub(crate) use run::{RunArguments, RunOverrides};
pub(crate) use schema::{SchemaArguments, SchemaOf};
pub(crate) use status::StatusArguments;
pub(crate) use trust::{LockFlags, Trust};

/// Train a language model to think before it answers (Thought Preference Optimization).
#[derive(Debug, Parser)]
#[command(name = "tpo", version, max_term_width = 100, after_help = exit_codes())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Print only results and errors.
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Global options"
    )]
    pub quiet: bool,
    /// Also print plugin logs at `debug` level.
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run training from a configuration file (run it again to resume).
    Run(RunArguments),
    /// Train a small model for two iterations on a few dozen instructions.
    Quickstart(QuickstartArguments),
    /// Evaluate models on sets of instructions, and compare them.
    Eval(EvalArguments),
    /// Create a commented configuration and sample instructions.
    Init(InitArguments),
    /// Label instructions with categories and complexities.
    #[command(subcommand)]
    Instructions(InstructionsCommand),
    /// Score responses with a judge, compare it with labels, or stress-test it.
    Judge(JudgeArguments),
    /// Print the metrics of a run, finished or in progress.
    Status(StatusArguments),
    /// Compare the models of two or more runs.
    Compare(CompareArguments),
    /// Chat with a model or with the best checkpoint of a run.
    Chat(ChatArguments),
    /// Measure how fast this machine samples and trains.
    Bench(EngineBenchArguments),
    /// Create, build, test and publish plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Download models.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Print the JSON Schema of a configuration file.
    Schema(SchemaArguments),
    /// Generate a shell completion script.
    Completions(CompletionsArguments),
}

/// The table of exit codes, for the end of `--help`.
fn exit_codes() -> String {
    let rows =
        FailureKind::ALL.map(|kind| format!("  {:>3}  {}", kind.exit_code(), kind.meaning()));
    format!("Exit codes:\n    0  success\n{}", rows.join("\n"))
}
