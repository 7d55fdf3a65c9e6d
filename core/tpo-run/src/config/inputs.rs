//! The model and the data.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The model to train.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// A built-in name (`smollm2-135m`), a directory in Hugging Face layout, a PEFT adapter
    /// directory, a `.gguf` file, or `hf:org/name@revision`.
    pub source: String,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            source: "smollm2-135m".into(),
        }
    }
}

/// Training instructions: a JSONL file whose rows have an `id`, one of `prompt`, `instruction` or
/// `messages`, and optionally `category` and `reference`. Plugins get all other fields, for example
/// `constraints`, as metadata.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Training instructions, shuffled and split across iterations.
    pub train: PathBuf,
    /// Training instructions per iteration. Default: all, split evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub instructions_per_iteration: Option<usize>,
}
