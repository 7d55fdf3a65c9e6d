//! The raw configuration: the user's settings, with the defaults filled in.
//!
//! The doc comments of the keys become the descriptions in the JSON Schema that `tpo schema`
//! prints. Reading checks types only; [`RunPlan::new`](crate::RunPlan::new) checks the values.

mod absolute;
mod inputs;
mod leaves;
mod overrides;
mod read;
mod stages;
mod validation;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_host::Limits;
use tpo_judge::{JudgeConfig, ModelBinding, PluginConfig};
use tpo_train::TrainConfig;

pub(crate) use absolute::canonical;
pub use inputs::{DataConfig, ModelConfig};
pub use leaves::SettingRow;
pub(crate) use leaves::{Leaves, differing, leaves_of};
pub use overrides::Override;
pub(crate) use read::parse;
pub use read::{ReadConfig, read_standalone_judge};
pub use stages::{EngineConfig, SamplingConfig, SelectorConfig, ThoughtConfig};
pub use validation::{Boundary, Every, ValidationConfig};

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
    #[serde(default = "default_iterations")]
    #[schemars(range(min = 1, max = 1000))]
    pub iterations: usize,
    /// The model to train.
    #[serde(default)]
    pub model: ModelConfig,
    /// Training instructions.
    pub data: DataConfig,
    /// Sampling of completions.
    #[serde(default)]
    pub sampling: SamplingConfig,
    /// The engine that samples on this machine.
    #[serde(default, skip_serializing_if = "EngineConfig::is_default")]
    pub engine: EngineConfig,
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
    /// The sets of instructions that models are measured on.
    #[schemars(length(min = 1))]
    pub validation: Vec<ValidationConfig>,
    /// Resource limits of plugins.
    #[serde(default)]
    pub limits: Limits,
}

fn default_iterations() -> usize {
    4
}

impl RunConfig {
    /// Resolves relative paths against `base`, the directory of the configuration file.
    pub fn resolve_relative(&mut self, base: &Path) {
        self.data.train = base.join(&self.data.train);
        self.model.source = tpo_lm::paths::resolve_relative(&self.model.source, base);
        self.judge.resolve_relative(base);
        for set in &mut self.validation {
            set.data = base.join(&set.data);
            if let Some(judge) = &mut set.judge {
                judge.resolve_relative(base);
            }
        }
        for binding in self.models.values_mut() {
            binding.resolve_relative(base);
        }
        self.thought.plugin = tpo_host::resolve_relative(&self.thought.plugin, base);
        self.selector.plugin = tpo_host::resolve_relative(&self.selector.plugin, base);
        if let Some(parser) = &mut self.parser {
            parser.plugin = tpo_host::resolve_relative(&parser.plugin, base);
        }
    }
}
