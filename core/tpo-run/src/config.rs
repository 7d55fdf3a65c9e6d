//! The raw configuration: the user's settings, with the defaults filled in.
//!
//! The doc comments of the keys become the descriptions in the JSON Schema that `tpo schema`
//! prints. Reading checks types only; [`crate::plan`] checks the values.

mod keys;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::{Limits, OnError};
use tpo_judge::{JudgeConfig, ModelBinding, PluginConfig};
use tpo_train::TrainConfig;

pub use read::{Override, ReadConfig, read_standalone_judge};

/// Configuration of a run. Paths are relative to the configuration file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tpo run configuration")]
pub struct RunConfig {
    /// Name of the run. Its directory is `runs/<name>` in the working directory, or the one given
    /// by `--dir`.
    pub name: String,
    /// Random seed for sampling, shuffling and LoRA initialization.
    #[serde(default)]
    pub seed: u64,
    /// Number of iterations of sampling, judging and training. Each one starts from the model of
    /// the previous one.
    #[serde(default = "defaults::iterations")]
    #[schemars(range(min = 1, max = 1000))]
    pub iterations: usize,
    /// The model to train.
    #[serde(default)]
    pub model: ModelConfig,
    /// Training and validation instructions.
    pub data: DataConfig,
    /// Sampling of completions.
    #[serde(default)]
    pub sampling: SamplingConfig,
    /// The thought prompt and the thought budget.
    #[serde(default)]
    pub thought: ThoughtConfig,
    /// The response parser. Default: the thought template's own component, with the same `config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parser: Option<PluginConfig>,
    /// The judge. It scores responses and never sees a thought.
    #[serde(default)]
    pub judge: JudgeConfig,
    /// Models that judges can query, by alias: for example `[models.judge]` with a `source` or a
    /// `server`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelBinding>,
    /// The pair selector.
    #[serde(default)]
    pub selector: SelectorConfig,
    /// Training on the pairs.
    #[serde(default)]
    pub train: TrainConfig,
    /// Evaluation of the policy before the first and after every iteration.
    #[serde(default)]
    pub validation: ValidationConfig,
    /// Resource limits of plugins.
    #[serde(default)]
    pub limits: Limits,
}

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

/// Training and validation instructions: JSONL files whose rows have an `id`, one of `prompt`,
/// `instruction` or `messages`, and optionally `category`, `reference` and `constraints`. Plugins
/// get all other fields as metadata.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Training instructions, split across iterations in file order.
    pub train: PathBuf,
    /// Validation instructions; none of them may be in `train`.
    pub validation: PathBuf,
    /// Training instructions per iteration. Default: all, split evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub instructions_per_iteration: Option<usize>,
}

/// Sampling of completions. The defaults are those of the paper.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SamplingConfig {
    /// Completions per training instruction (K).
    #[schemars(range(min = 2, max = 256))]
    pub num_samples: usize,
    /// Sampling temperature; 0 is greedy.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub temperature: f64,
    /// Nucleus (top-p) sampling: samples from the most likely tokens whose total probability
    /// reaches this value; 1 disables it.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub top_p: f64,
    /// Top-k sampling: samples from this many of the most likely tokens; 0 disables it.
    pub top_k: usize,
    /// Maximum number of tokens per completion, thought and response together.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_new_tokens: usize,
}

impl Default for SamplingConfig {
    fn default() -> Self {
        Self {
            num_samples: 8,
            temperature: 0.8,
            top_p: 0.95,
            top_k: 0,
            max_new_tokens: 2048,
        }
    }
}

/// The thought prompt and the thought budget.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThoughtConfig {
    /// Thought template: a built-in name, or the path of a `.wasm` file that exports
    /// `thought-template`.
    pub plugin: String,
    /// Thought budget in tokens. A longer thought is ended by forcing the response marker, whose
    /// tokens are not trained on. Default: `sampling.max_new_tokens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_tokens: Option<usize>,
    /// The plugin's own configuration; `tpo plugin inspect` lists its keys.
    pub config: Map<String, Value>,
    /// What to do if the plugin fails.
    pub on_error: OnError,
}

impl Default for ThoughtConfig {
    fn default() -> Self {
        Self {
            plugin: "thought-markers".into(),
            max_tokens: None,
            config: Map::new(),
            on_error: OnError::Fail,
        }
    }
}

impl ThoughtConfig {
    pub(crate) fn plugin(&self) -> PluginConfig {
        PluginConfig {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            on_error: self.on_error,
        }
    }
}

/// The pair selector. It chooses the pairs of candidates to train on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SelectorConfig {
    /// Pair selector: a built-in name, or the path of a `.wasm` file that exports `pair-selector`.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` lists its keys.
    pub config: Map<String, Value>,
    /// What to do if the plugin fails.
    pub on_error: OnError,
}

impl Default for SelectorConfig {
    fn default() -> Self {
        Self {
            plugin: "best-worst".into(),
            config: Map::new(),
            on_error: OnError::Fail,
        }
    }
}

impl SelectorConfig {
    pub(crate) fn plugin(&self) -> PluginConfig {
        PluginConfig {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            on_error: self.on_error,
        }
    }
}

/// Evaluation of the policy before the first and after every iteration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Completions per validation instruction, whose scores are averaged.
    #[schemars(range(min = 1, max = 256))]
    pub num_samples: usize,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { num_samples: 1 }
    }
}

mod defaults {
    pub(super) fn iterations() -> usize {
        4
    }
}
