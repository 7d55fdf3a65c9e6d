//! The raw configuration: what the user wrote, with the defaults filled in.
//!
//! Every key documents itself; the same text becomes the JSON Schema that `tpo schema` prints.
//! Nothing is checked here beyond types: [`crate::plan`] is the one door to checked things.

mod keys;
mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::{Limits, OnError};
use tpo_train::TrainConfig;
use tpo_types::{Failure, FailureKind};

use crate::models::ModelBinding;
use crate::tournament::Tournament;

pub use read::{Override, ReadConfig};

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
    #[serde(default = "defaults::iterations")]
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
    /// Instructions to train on, dealt to the iterations in the order of the file.
    pub train: PathBuf,
    /// Instructions to measure on; none of them may be in `train`.
    pub validation: PathBuf,
    /// Training instructions per iteration. Default: an equal share of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub instructions_per_iteration: Option<usize>,
}

/// How completions are sampled. The defaults are the paper's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SamplingConfig {
    /// Completions per training instruction (K).
    #[schemars(range(min = 2, max = 256))]
    pub num_samples: usize,
    /// Divides the logits; 0 takes the likeliest token every time.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub temperature: f64,
    /// Only the likeliest tokens that together have at least this probability are drawn from; 1 is
    /// off.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub top_p: f64,
    /// Only this many of the likeliest tokens are drawn from; 0 is off.
    pub top_k: usize,
    /// A completion ends after this many tokens, thought and response together.
    #[schemars(range(min = 1))]
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

/// The thought prompt and the budget of a thought.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThoughtConfig {
    /// A built-in name or a path to a `.wasm` that exports `thought-template`.
    pub plugin: String,
    /// A thought that has not ended by itself is closed after this many tokens: the response marker
    /// is forced, and the forced tokens are not trained on. Default: a thought may take all of
    /// `sampling.max_new_tokens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_tokens: Option<usize>,
    /// The plugin's own configuration; `tpo plugin inspect` prints its keys.
    pub config: Map<String, Value>,
    /// What happens when it fails.
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

/// A plugin and its configuration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginConfig {
    /// A built-in name or a path to a `.wasm`.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` prints its keys.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// What happens when it fails.
    #[serde(default)]
    pub on_error: OnError,
}

/// The pair selector: it chooses which candidates are trained on as pairs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SelectorConfig {
    /// A built-in name or a path to a `.wasm` that exports `pair-selector`.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` prints its keys.
    pub config: Map<String, Value>,
    /// What happens when it fails.
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

/// The judge: it scores responses and never sees a thought.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeConfig {
    /// A built-in name, a path to a `.wasm`, or `panel` for the judges of `[[judge.panel]]`
    /// together.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` prints its keys.
    pub config: Map<String, Value>,
    /// What happens when it fails.
    pub on_error: OnError,
    /// How many comparisons a pairwise judge is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tournament: Option<Tournament>,
    /// The run stops, and can be resumed, when more than this share of the last 200 judgments are
    /// unscored; 1 is off.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_unscored: f64,
    /// The judges of a panel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panel: Vec<MemberConfig>,
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self {
            plugin: "rules".into(),
            config: Map::new(),
            on_error: OnError::Fail,
            tournament: None,
            max_unscored: 0.9,
            panel: Vec::new(),
        }
    }
}

/// The name that stands for the judges of `[[judge.panel]]`.
pub const PANEL: &str = "panel";

impl JudgeConfig {
    /// A setting that would change nothing, or make no sense, is an error.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let refuse =
            |what: String, hint: &str| Err(Failure::new(FailureKind::Usage, what).hint(hint));
        let is_panel = self.plugin == PANEL;
        if is_panel && self.panel.is_empty() {
            return refuse(
                "the judge is a panel, and no judge is in it".into(),
                "add one or more `[[judge.panel]]`",
            );
        }
        if is_panel
            && (!self.config.is_empty()
                || self.on_error != OnError::Fail
                || self.tournament.is_some())
        {
            let what =
                "`judge.config`, `judge.on_error` and `judge.tournament` have no effect on a panel"
                    .into();
            return refuse(
                what,
                "set them in `[[judge.panel]]`, for each judge by itself",
            );
        }
        if !is_panel && !self.panel.is_empty() {
            let what = format!(
                "`[[judge.panel]]` has no effect: the judge is `{}`",
                self.plugin
            );
            return refuse(what, "set `judge.plugin` to \"panel\", or remove the panel");
        }
        if !(0.0..=1.0).contains(&self.max_unscored) {
            return refuse(
                format!("`judge.max_unscored` is {}", self.max_unscored),
                "a share is from 0 to 1",
            );
        }
        for member in &self.panel {
            if !(member.weight > 0.0 && member.weight.is_finite()) {
                let what = format!(
                    "the weight of `{}` in the panel is {}; it must be more than 0",
                    member.plugin, member.weight
                );
                return refuse(what, "remove a judge that is not to count");
            }
        }
        Ok(())
    }

    /// Names are relative to `base` no more.
    pub(crate) fn anchor(&mut self, base: &Path) {
        if self.plugin != PANEL {
            self.plugin = tpo_host::resolve_relative(&self.plugin, base);
        }
        for member in &mut self.panel {
            member.plugin = tpo_host::resolve_relative(&member.plugin, base);
        }
    }

    /// The judges that it names, without the panel around them.
    pub fn plugins(&self) -> Vec<PluginConfig> {
        let own = || PluginConfig {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            on_error: self.on_error,
        };
        if self.plugin == PANEL {
            self.panel.iter().map(MemberConfig::plugin).collect()
        } else {
            vec![own()]
        }
    }

    /// How many comparisons each of them is asked for, where that is said.
    pub(crate) fn tournaments(&self) -> Vec<Option<Tournament>> {
        let members = self.panel.iter().map(|member| member.tournament);
        if self.plugin == PANEL {
            members.collect()
        } else {
            vec![self.tournament]
        }
    }
}

/// What a judge by itself needs of a configuration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeAlone {
    /// The judge.
    #[serde(default)]
    pub judge: JudgeConfig,
    /// Models that judges may ask.
    #[serde(default)]
    pub models: BTreeMap<String, ModelBinding>,
    /// What a plugin may use.
    #[serde(default)]
    pub limits: Limits,
}

impl JudgeAlone {
    fn anchor(&mut self, base: &Path) {
        self.judge.anchor(base);
        self.models
            .values_mut()
            .for_each(|binding| binding.anchor(base));
    }
}

/// One judge of a panel.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberConfig {
    /// A built-in name or a path to a `.wasm`.
    pub plugin: String,
    /// Its name in reports and aspects. Default: the plugin's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much its score counts among the judges of an instruction.
    #[serde(default = "defaults::weight")]
    pub weight: f64,
    /// Categories of the instructions that it judges. Without any it judges those that no other
    /// judge claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The plugin's own configuration; `tpo plugin inspect` prints its keys.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// What happens when it fails.
    #[serde(default)]
    pub on_error: OnError,
    /// How many comparisons a pairwise judge is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tournament: Option<Tournament>,
}

impl MemberConfig {
    fn plugin(&self) -> PluginConfig {
        PluginConfig {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            on_error: self.on_error,
        }
    }
}

/// How the policy is measured before the first and after every iteration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Completions per validation instruction; their scores are averaged.
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

    pub(super) fn weight() -> f64 {
        1.0
    }
}
