//! The model and the data.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The model that learns to think.
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

/// The instructions, as JSONL files with `id`, one of `prompt`, `instruction` or `messages`, and
/// optionally `category`, `reference` and `constraints`; plugins see every other field as metadata.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Instructions to train on, split across the iterations in the order of the file.
    pub train: PathBuf,
    /// Instructions to validate on; none of them may be in `train`.
    pub validation: PathBuf,
    /// Training instructions per iteration. Default: all of them, split equally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub instructions_per_iteration: Option<usize>,
}
