//! Arguments of `tpo chat`.

use clap::Args;

use super::Trust;

#[derive(Debug, Args)]
pub(crate) struct ChatArguments {
    /// Run directory (its best checkpoint is used), or a model as for `tpo run --model`.
    #[arg(default_value = "smollm2-135m")]
    pub model: String,
    /// Answer this prompt and exit, instead of reading prompts from stdin.
    #[arg(short, long)]
    pub prompt: Option<String>,
    /// Show the thought before the response.
    #[arg(long)]
    pub show_thought: bool,
    /// Thought template and parser: built-in name or path of a `.wasm` file [default: the run's].
    #[arg(long, value_name = "PLUGIN")]
    pub thought: Option<String>,
    #[command(flatten)]
    pub trust: Trust,
    /// Maximum number of new tokens, thought and response together.
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub max_new_tokens: usize,
    /// Sampling temperature; 0 is greedy.
    #[arg(long, default_value_t = 0.0)]
    pub temperature: f64,
}
