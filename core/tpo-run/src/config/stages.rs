//! Settings of the stages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::OnError;
use tpo_judge::PluginConfig;
use tpo_lm::precision::PrecisionChoice;

/// The engine that samples on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// The number format of the products in sampling; training has `train.precision`.
    pub precision: PrecisionChoice,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            precision: PrecisionChoice::F32,
        }
    }
}

impl EngineConfig {
    /// Whether it is the default, which is not written into records.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
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
    /// How often a training instruction with fewer than two parsed completions gets `num_samples`
    /// more.
    #[schemars(range(min = 0, max = 100))]
    pub resample: usize,
}

impl Default for SamplingConfig {
    fn default() -> Self {
        Self {
            num_samples: 8,
            temperature: 0.8,
            top_p: 0.95,
            top_k: 0,
            max_new_tokens: 2048,
            resample: 1,
        }
    }
}

/// The thought prompt and the thought budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThoughtConfig {
    /// Thought template: a built-in name, `oci://host/name:tag`, or the path of a `.wasm` file or,
    /// with `--allow-native`, of a shared library.
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
    /// No thought prompt: the bare instruction, and the whole completion is the response.
    pub fn direct() -> Self {
        Self {
            config: Map::from_iter([("preset".to_owned(), Value::from("direct"))]),
            ..Self::default()
        }
    }

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
    /// Pair selector: a built-in name, `oci://host/name:tag`, or the path of a `.wasm` file or,
    /// with `--allow-native`, of a shared library.
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
