//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tpo_author::Language;
use tpo_bundle::{BundleReference, Mode};
use tpo_types::PluginRole;

/// Teaches a language model to think before it answers (Thought Preference Optimization).
#[derive(Debug, Parser)]
#[command(name = "tpo", version, max_term_width = 100, after_help = exit_codes())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Print nothing but data and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also print what plugins log at `debug`.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the loop of a configuration file; the same command again resumes.
    Run(RunArguments),
    /// Run two iterations on a small real model and a few dozen instructions.
    Quickstart(QuickstartArguments),
    /// Write a commented configuration and a few instructions to start from.
    Init(InitArguments),
    /// Score a file of responses, compare a judge with people, or attack it.
    Judge(JudgeArguments),
    /// Print the figures of a run, also while it is running.
    Status(StatusArguments),
    /// Talk to a model or to the best checkpoint of a run.
    Chat(ChatArguments),
    /// Look at plugins and put them to the test.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Fetch models.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Print the JSON Schema of the configuration file.
    Schema,
    /// Print a completion script for a shell.
    Completions(CompletionsArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Start a plugin: a project that builds as it is.
    New(NewArguments),
    /// Build the component of a project.
    Build(BuildArguments),
    /// List the plugins that ship with tpo.
    List(ListArguments),
    /// Say what a plugin is, what it asks for and how it is configured.
    Inspect(InspectArguments),
    /// Load a component, or the components of a bundle's directory, and say what is wrong with
    /// them.
    Check(CheckArguments),
    /// Put a plugin through an author's cases, different batches, and inputs that nobody expects.
    Test(TestArguments),
    /// Measure what a plugin costs.
    Bench(BenchArguments),
    /// Ask a plugin once more about a batch that it failed on.
    Replay(ReplayArguments),
    /// Publish a bundle to an OCI registry.
    Publish(PublishArguments),
    /// Pin a published plugin in `tpo.lock` and fetch it.
    Add(AddArguments),
    /// Move a pin to what its tag names now.
    Update(UpdateArguments),
    /// Remove a pin.
    Remove(RemoveArguments),
    /// Look whether everything that is pinned is as it was.
    Verify(VerifyArguments),
    /// Make a key to sign bundles with.
    Keygen(KeygenArguments),
    /// Compile the component on stdin to code on stdout, within caps. For tpo itself.
    #[command(hide = true)]
    Compile(CompileArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Fetch and verify a model, and print where it is.
    Pull(PullArguments),
    /// Print the logits of a token sequence as JSON, for comparison with other engines.
    #[command(hide = true)]
    Logits(LogitsArguments),
}

/// The command line of [`PluginCommand::Compile`].
pub(crate) const COMPILE: [&str; 3] = ["--quiet", "plugin", "compile"];

/// Which plugins may be loaded, and what may be done to get them.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Trust {
    /// Load native plugins (`.so`): nothing confines them.
    #[arg(long)]
    pub allow_native: bool,
    #[command(flatten)]
    pub mode: ModeFlags,
}

/// What may be done to get published plugins.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ModeFlags {
    /// Fail if `tpo.lock` is missing or would change.
    #[arg(long)]
    pub locked: bool,
    /// Ask no registry.
    #[arg(long)]
    pub offline: bool,
    /// Both.
    #[arg(long)]
    pub frozen: bool,
}

impl ModeFlags {
    pub(crate) fn mode(self) -> Mode {
        Mode::of_flags(self.locked, self.offline, self.frozen)
    }
}

/// The lock file.
#[derive(Debug, Clone, Args)]
pub(crate) struct LockFile {
    /// The lock file.
    #[arg(long, value_name = "FILE", default_value = tpo_bundle::LOCK_FILE)]
    pub lock: PathBuf,
    #[command(flatten)]
    pub mode: ModeFlags,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What wins over the configuration file.
#[derive(Debug, Clone, Args)]
pub(crate) struct Overrides {
    /// Judge: a built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub judge: Option<String>,
    /// Thought template, and the parser of the same component: a built-in name, a path to a
    /// `.wasm`, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub thought: Option<String>,
    /// Response parser: a built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub parser: Option<String>,
    /// Pair selector: a built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub selector: Option<String>,
    /// Model: a built-in name, a directory, a `.gguf` or `hf:org/name@revision`.
    #[arg(long, value_name = "SOURCE")]
    pub model: Option<String>,
    /// Training instructions (JSONL).
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
    /// Any other key of the configuration, as `train.beta=0.2`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Directory of the run [default: runs/<name>].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

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
    /// Compare a judge with labelled preferences.
    Agree(AgreeArguments),
    /// Give a judge junk responses, and fail when they beat real ones.
    StressTest(StressTestArguments),
}

/// Which judge, and what it may ask.
#[derive(Debug, Args)]
pub(crate) struct JudgeChoice {
    /// Judge: a built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    #[arg(long, value_name = "PLUGIN")]
    pub judge: Option<String>,
    /// Take judge, models and limits from the configuration file of a run.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Bind a model to the alias that the judge asks for, as `judge=smollm2-135m`; may be repeated.
    #[arg(long, value_name = "ALIAS=SOURCE")]
    pub model: Vec<String>,
    /// Any other key of the configuration, as `judge.config.scale=7`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where replies of models are kept and looked up [default: in tpo's data directory].
    #[arg(long, value_name = "FILE")]
    pub replies: Option<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    #[command(flatten)]
    pub judge: JudgeChoice,
    /// JSONL of instructions with `response`, `responses`, `chosen` and `rejected`, or `messages`.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Where the scores are written, one line per response [default: stdout].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AgreeArguments {
    #[command(flatten)]
    pub judge: JudgeChoice,
    /// JSONL of instructions with two responses each and which one people prefer.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct StressTestArguments {
    #[command(flatten)]
    pub judge: JudgeChoice,
    /// JSONL of instructions with real responses.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Look at the first so many rows only.
    #[arg(long, value_name = "COUNT")]
    pub rows: Option<usize>,
    /// How often junk may win, ties counting half.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub tolerance: f64,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The configuration file.
    #[arg(default_value = "tpo.toml")]
    pub config: PathBuf,
    #[command(flatten)]
    pub overrides: Overrides,
    /// Another run's directory: take from it what this one would make the same, such as completions
    /// when only the judge differs.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Check everything and print what would be done, without sampling.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct QuickstartArguments {
    #[command(flatten)]
    pub overrides: Overrides,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Directory to write into.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Directory of the run.
    pub run: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ChatArguments {
    /// Directory of a run (its best checkpoint is used), or a model as for `--model`.
    #[arg(default_value = "smollm2-135m")]
    pub model: String,
    /// Answer this and end, instead of reading questions from the terminal.
    #[arg(short, long)]
    pub prompt: Option<String>,
    /// Show the thought before the response.
    #[arg(long)]
    pub show_thought: bool,
    /// Thought template and parser: a built-in name or a path to a `.wasm` [default: the run's].
    #[arg(long, value_name = "PLUGIN")]
    pub thought: Option<String>,
    #[command(flatten)]
    pub trust: Trust,
    /// Tokens at most.
    #[arg(long, default_value_t = 512)]
    pub max_new_tokens: usize,
    /// 0 takes the likeliest token every time.
    #[arg(long, default_value_t = 0.0)]
    pub temperature: f64,
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Directory to write into; its last part names the plugin.
    pub directory: PathBuf,
    /// The language: rust, python, javascript, c or go.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Language,
    /// The role to play. `thought-template` and `response-parser` come as one plugin that plays
    /// both.
    #[arg(long, value_parser = role, default_value = "judge")]
    pub role: PluginRole,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    /// Directory of the project.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub trial: Trial,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// A built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    pub plugin: String,
    #[command(flatten)]
    pub trust: Trust,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How a plugin is loaded to be tried.
#[derive(Debug, Args)]
pub(crate) struct Trial {
    #[command(flatten)]
    pub trust: Trust,
    /// A limit, as in `[limits]` of a configuration; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub limit: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// A directory with `tpo-plugin.toml`, a path to a `.wasm`, a built-in name, or
    /// `oci://host/name:tag`.
    pub plugin: String,
    #[command(flatten)]
    pub trial: Trial,
}

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// A built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    pub plugin: String,
    /// Try it in this role only.
    #[arg(long, value_parser = role)]
    pub role: Option<PluginRole>,
    /// The author's cases (JSONL) [default: `fixtures/<role>.jsonl` or `fixtures/cases.jsonl`
    /// beside the component].
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
    #[command(flatten)]
    pub trial: Trial,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// A built-in name, a path to a `.wasm`, or `oci://host/name:tag`.
    pub plugin: String,
    /// Measure it in this role only.
    #[arg(long, value_parser = role)]
    pub role: Option<PluginRole>,
    /// Items to measure with, as for `tpo plugin test`.
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
    #[command(flatten)]
    pub trial: Trial,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The batch, as a run has written it to its directory `failures`.
    pub batch: PathBuf,
    /// Ask this plugin instead of the one that failed.
    #[arg(long, value_name = "PLUGIN")]
    pub plugin: Option<String>,
    #[command(flatten)]
    pub trial: Trial,
}

/// Reads the name of a role.
fn role(name: &str) -> Result<PluginRole, String> {
    let names = || PluginRole::ALL.map(PluginRole::as_str).join(", ");
    PluginRole::ALL
        .into_iter()
        .find(|role| role.as_str() == name)
        .ok_or_else(|| format!("the roles are {}", names()))
}

#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    /// Directory with `tpo-plugin.toml` and the components that it names.
    pub directory: PathBuf,
    /// Where to: `oci://host/name`, with a tag or not [default tag: the bundle's version].
    pub reference: BundleReference,
    /// Publish the only component in the layout of the CNCF, which `wkg` and others read.
    #[arg(long)]
    pub wasm: bool,
    /// Sign with this key, as `tpo plugin keygen` makes it.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Move the tag if it already names another bundle.
    #[arg(long)]
    pub move_tag: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// The plugin: `oci://host/name:tag`.
    pub reference: BundleReference,
    /// Grant what it asks for, for example `model`; may be repeated.
    #[arg(long, value_name = "IMPORT")]
    pub grant: Vec<String>,
    #[command(flatten)]
    pub lock: LockFile,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArguments {
    /// The plugin, as it is pinned.
    pub reference: BundleReference,
    /// Grant what it now asks for; may be repeated.
    #[arg(long, value_name = "IMPORT")]
    pub grant: Vec<String>,
    /// Accept another signer than before, or none.
    #[arg(long)]
    pub accept_signer: bool,
    #[command(flatten)]
    pub lock: LockFile,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// The plugin, as it is pinned.
    pub reference: BundleReference,
    #[command(flatten)]
    pub lock: LockFile,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub lock: LockFile,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// File to write the secret key to.
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CompileArguments {
    /// CPU time it may take.
    pub seconds: u64,
    /// Memory it may take.
    pub memory_mib: u64,
}

#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// A built-in name, a directory, a `.gguf` or `hf:org/name@revision`.
    #[arg(default_value = "smollm2-135m")]
    pub model: String,
}

#[derive(Debug, Args)]
pub(crate) struct LogitsArguments {
    /// A directory or a `.gguf`.
    pub model: PathBuf,
    /// Token ids, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    pub ids: Vec<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// The table of exit codes, for the end of `--help`.
fn exit_codes() -> String {
    let rows = tpo_types::FailureKind::ALL
        .map(|kind| format!("  {:>3}  {}", kind.exit_code(), kind.meaning()));
    format!("Exit codes:\n    0  done\n{}", rows.join("\n"))
}
