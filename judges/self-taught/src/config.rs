//! What a user may configure.

use model_judge::ChatModel;
use serde::Deserialize;
use tpo_plugin::{JsonSchema, schemars};

/// The model, and how to get its verdict.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// How to get the verdict.
    pub(crate) verdict: VerdictBy,
    /// The largest number of tokens of the reply: explanation and verdict.
    #[schemars(range(min = 1))]
    max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy, as in the paper.
    #[schemars(range(min = 0.0, max = 10.0))]
    temperature: f64,
    /// The most requests per comparison, if replies hold no verdict. Requests after the first use a
    /// temperature of at least 0.7.
    #[schemars(range(min = 1, max = 10))]
    attempts: u32,
    /// Seed of the sampling.
    seed: u64,
}

/// How to get the verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum VerdictBy {
    /// The model explains, then writes the verdict, as in the paper.
    #[default]
    Written,
    /// The reply is made to begin with the verdict, and the more probable of the two letters wins:
    /// one token per comparison, for models that are too small to explain.
    Likelier,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            verdict: VerdictBy::default(),
            max_new_tokens: 2048,
            temperature: 0.0,
            attempts: 2,
            seed: 0,
        }
    }
}

impl Config {
    /// The model to get verdicts from.
    pub(crate) fn into_model(self) -> ChatModel {
        ChatModel {
            alias: self.model,
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature,
            attempts: self.attempts,
            seed: self.seed,
        }
    }
}
