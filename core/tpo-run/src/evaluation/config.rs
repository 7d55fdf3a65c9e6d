//! The configuration of an evaluation: what the user wrote, with the defaults filled in.
//!
//! The doc comments of the keys become the descriptions in the JSON Schema that `tpo schema
//! eval` prints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::{Limits, OnError};
use tpo_judge::{JudgeConfig, ModelBinding, PluginConfig};
use tpo_types::{Failure, FailureKind};

use crate::config::{EngineConfig, Override, ReadConfig, SamplingConfig, ThoughtConfig, parse};

/// Configuration of an evaluation: every model answers every set with every thought prompt, and
/// every judge of the set judges the responses. Paths are relative to the configuration file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "tpo evaluation configuration")]
pub struct EvaluationConfig {
    /// Name of the evaluation. Its directory is `evals/<name>` in the working directory, or the one
    /// given by `--dir`.
    pub name: String,
    /// Random seed for sampling. All models use the same random numbers on an instruction.
    pub seed: u64,
    /// The model, as named in the results, that the others are compared with. Default: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The directory of the known sets' files. Default: `sets` in tpo's data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sets_directory: Option<PathBuf>,
    /// Sampling of completions.
    pub sampling: EvaluationSampling,
    /// The engine that samples on this machine.
    #[serde(skip_serializing_if = "EngineConfig::is_default")]
    pub engine: EngineConfig,
    /// The models.
    pub model: Vec<EvaluatedModel>,
    /// The thought prompts that models answer with. Default: a run's own, and for other models that
    /// of the first run, or of `thought-markers`.
    pub thought: Vec<NamedThought>,
    /// The sets of instructions.
    pub set: Vec<EvaluatedSet>,
    /// The judges by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub judges: BTreeMap<String, JudgeConfig>,
    /// Models that judges can query, by alias: for example `[models.judge]` with a `source` or a
    /// `server`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelBinding>,
    /// Resource limits of plugins.
    pub limits: Limits,
}

/// Sampling of completions. The defaults are those of a run, so that a model is evaluated as it is
/// validated.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationSampling {
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

/// A model to evaluate: one that runs here, or the recorded responses of one that does not.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluatedModel {
    /// Its name in results: letters, digits, `.`, `-` and `_`. Default: the last part of the
    /// source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A built-in name, a directory, a `.gguf` file, `hf:org/name@revision`, or the directory of a
    /// run, which stands for its best model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Recorded responses instead of a source: JSONL with `id` or `prompt`, and `response`; or the
    /// outputs of AlpacaEval, a JSON array with `instruction` and `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responses: Option<PathBuf>,
    /// Names of the thought prompts that it answers with; `own` is the one that a run was trained
    /// with. Default: `own` for a run, and all of `[[thought]]` for other models.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thoughts: Vec<String>,
}

/// A thought prompt and its parser.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedThought {
    /// Its name in results: letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// Thought template: a built-in name, `oci://host/name:tag`, or the path of a `.wasm` file or,
    /// with `--allow-native`, of a shared library.
    #[serde(default = "default_template")]
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` lists its keys.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Thought budget in tokens. Default: `sampling.max_new_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_tokens: Option<usize>,
    /// What to do if the plugin fails.
    #[serde(default)]
    pub on_error: OnError,
    /// The response parser. Default: the thought template's own component, with the same `config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parser: Option<PluginConfig>,
}

/// A set of instructions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluatedSet {
    /// Its name in results: letters, digits, `.`, `-` and `_`. The name of a known set (`gsm8k`,
    /// `gsm8k-answer-only`, `svamp`, `ifeval`, `alpaca-eval`, `arena-hard`) brings its file, its
    /// suffix and its judge.
    pub name: String,
    /// Its instructions (JSONL). Default: the file of the known set of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Text that is appended to every instruction after a space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Use only the first so many instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub limit: Option<usize>,
    /// Completions per instruction, whose outcomes are averaged.
    #[schemars(range(min = 1, max = 256))]
    pub num_samples: usize,
    /// How often a completion that does not parse is sampled again. If none parses, it counts as
    /// worse than any that does.
    #[schemars(range(min = 0, max = 100))]
    pub resample: usize,
    /// Names of the judges of this set. Default: the known set's own judge, and for other sets all
    /// of `[judges]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<String>,
}

/// The name that stands for the thought prompt of a run.
pub(super) const OWN_THOUGHT: &str = "own";

fn default_template() -> String {
    ThoughtConfig::default().plugin
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            name: "eval".into(),
            seed: 0,
            baseline: None,
            sets_directory: None,
            sampling: EvaluationSampling::default(),
            engine: EngineConfig::default(),
            model: Vec::new(),
            thought: Vec::new(),
            set: Vec::new(),
            judges: BTreeMap::new(),
            models: BTreeMap::new(),
            limits: Limits::default(),
        }
    }
}

impl Default for EvaluationSampling {
    fn default() -> Self {
        let run = SamplingConfig::default();
        Self {
            temperature: run.temperature,
            top_p: run.top_p,
            top_k: run.top_k,
            max_new_tokens: run.max_new_tokens,
        }
    }
}

impl EvaluationSampling {
    /// What a run samples otherwise, in words; none if nothing.
    pub(super) fn difference_from(&self, run: &SamplingConfig) -> Option<String> {
        let settings = [
            ("temperature", run.temperature, self.temperature),
            ("top_p", run.top_p, self.top_p),
            ("top_k", run.top_k as f64, self.top_k as f64),
            (
                "max_new_tokens",
                run.max_new_tokens as f64,
                self.max_new_tokens as f64,
            ),
        ];
        let differ = settings
            .iter()
            .filter(|(_, own, here)| (own - here).abs() > f64::EPSILON)
            .map(|(name, own, here)| format!("`sampling.{name}` {own} and {here}"));
        let differ: Vec<String> = differ.collect();
        (!differ.is_empty()).then(|| differ.join(", "))
    }
}

impl Default for EvaluatedSet {
    fn default() -> Self {
        Self {
            name: String::new(),
            data: None,
            suffix: None,
            limit: None,
            num_samples: 1,
            resample: 5,
            judges: Vec::new(),
        }
    }
}

impl NamedThought {
    /// A thought prompt under a name.
    pub fn new(name: &str, thought: ThoughtConfig, parser: Option<PluginConfig>) -> Self {
        Self {
            name: name.to_owned(),
            plugin: thought.plugin,
            config: thought.config,
            max_tokens: thought.max_tokens,
            on_error: thought.on_error,
            parser,
        }
    }

    pub(super) fn template(&self) -> ThoughtConfig {
        ThoughtConfig {
            plugin: self.plugin.clone(),
            max_tokens: self.max_tokens,
            config: self.config.clone(),
            on_error: self.on_error,
        }
    }
}

impl EvaluationConfig {
    /// The JSON Schema of a configuration file.
    pub fn schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Reads a configuration file and applies the overrides; the default configuration without a
    /// file. Relative paths of the file are resolved against its directory.
    pub fn read(path: Option<&Path>, overrides: &[Override]) -> Result<ReadConfig<Self>, Failure> {
        let Some(path) = path else {
            return parse("", "the command line", overrides);
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                FailureKind::Usage,
                format!("cannot read the configuration `{}`", path.display()),
            )
            .because(error)
            .hint("`tpo eval --help` shows how to evaluate without a file")
        })?;
        let mut read: ReadConfig<Self> = parse(&text, &path.display().to_string(), overrides)?;
        let base = path.parent().unwrap_or(Path::new(""));
        read.config.resolve_relative(base);
        Ok(read)
    }

    fn resolve_relative(&mut self, base: &Path) {
        for path in [&mut self.sets_directory].into_iter().flatten() {
            *path = base.join(&*path);
        }
        for model in &mut self.model {
            if let Some(source) = &mut model.source {
                *source = tpo_lm::paths::resolve_relative(source, base);
            }
            if let Some(path) = &mut model.responses {
                *path = base.join(&*path);
            }
        }
        for thought in &mut self.thought {
            thought.plugin = tpo_host::resolve_relative(&thought.plugin, base);
            if let Some(parser) = &mut thought.parser {
                parser.plugin = tpo_host::resolve_relative(&parser.plugin, base);
            }
        }
        for set in &mut self.set {
            if let Some(path) = &mut set.data {
                *path = base.join(&*path);
            }
        }
        for judge in self.judges.values_mut() {
            judge.resolve_relative(base);
        }
        for binding in self.models.values_mut() {
            binding.resolve_relative(base);
        }
    }
}
