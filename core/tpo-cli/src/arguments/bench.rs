//! Arguments of `tpo bench`.

use clap::Args;
use tpo_lm::precision::PrecisionChoice;

use super::OutputFormat;

#[derive(Debug, Args)]
pub(crate) struct EngineBenchArguments {
    /// Built-in name, directory, `.gguf` file or `hf:org/name@revision`.
    #[arg(default_value = "smollm2-135m")]
    pub model: String,
    /// Precisions to measure, separated by commas [default: all that this machine has]. Training is
    /// measured in those of them that it has.
    #[arg(long, value_delimiter = ',', value_parser = precision)]
    pub precision: Vec<PrecisionChoice>,
    /// How often each work is repeated; the median counts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub repeat: u16,
    /// Tokens per completion.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub new_tokens: u16,
    /// Format of the results.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}

fn precision(name: &str) -> Result<PrecisionChoice, String> {
    serde_json::from_value(name.into()).map_err(|error| error.to_string())
}
