//! The configuration as the user wrote it, with the defaults filled in.
//!
//! Every key documents itself; the same text becomes the JSON Schema that `tpo schema` prints.
//! Nothing is checked here beyond types: [`RunPlan::new`](crate::RunPlan::new) checks the values.

mod inputs;
mod keys;
mod overrides;
mod read;
mod stages;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_host::Limits;
use tpo_judge::{JudgeConfig, ModelBinding, PluginConfig};
use tpo_train::TrainConfig;

pub use inputs::{DataConfig, ModelConfig};
pub use overrides::Override;
pub use read::{ReadConfig, read_standalone_judge};
pub use stages::{SamplingConfig, SelectorConfig, ThoughtConfig, ValidationConfig};

/// Configuration of a run. Paths are relative to the file that holds it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tpo run configuration")]
pub struct RunConfig {
    /// The run's name; its directory is `runs/<name>` in the working directory unless `--dir` says
    /// otherwise.
    pub name: String,
    /// Seed of everything random: sampling, shuffling, LoRA initialization.
    #[serde(default)]
    pub seed: u64,
    /// How many times to sample, judge and train. Each iteration starts from the model of the one
    /// before.
    #[serde(default = "default_iterations")]
    #[schemars(range(min = 1, max = 1000))]
    pub iterations: usize,
    /// The model that learns to think.
    #[serde(default)]
    pub model: ModelConfig,
    /// The instructions.
    pub data: DataConfig,
    /// How completions are sampled.
    #[serde(default)]
    pub sampling: SamplingConfig,
    /// The thought prompt and the budget of a thought.
    #[serde(default)]
    pub thought: ThoughtConfig,
    /// The response parser. Without this table the thought template's own component parses, with
    /// the same `config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parser: Option<PluginConfig>,
    /// The judge: it scores responses and never sees a thought.
    #[serde(default)]
    pub judge: JudgeConfig,
    /// Models that judges may ask, each by its alias: `[models.judge]` with a `source` or a
    /// `server`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelBinding>,
    /// The pair selector.
    #[serde(default)]
    pub selector: SelectorConfig,
    /// Training on the pairs.
    #[serde(default)]
    pub train: TrainConfig,
    /// How the policy is measured before the first and after every iteration.
    #[serde(default)]
    pub validation: ValidationConfig,
    /// What a plugin may use.
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
        self.data.validation = base.join(&self.data.validation);
        self.model.source = tpo_lm::paths::resolve_relative(&self.model.source, base);
        self.judge.resolve_relative(base);
        for binding in self.models.values_mut() {
            binding.resolve_relative(base);
        }
        self.thought.plugin = tpo_host::anchored(&self.thought.plugin, base);
        self.selector.plugin = tpo_host::anchored(&self.selector.plugin, base);
        if let Some(parser) = &mut self.parser {
            parser.plugin = tpo_host::anchored(&parser.plugin, base);
        }
    }
}
