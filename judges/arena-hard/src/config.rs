//! What a user may configure.

use model_judge::ChatModel;
use serde::Deserialize;
use tpo_plugin::{JsonSchema, schemars};

/// The model, and how its verdict is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// Whose rules read the verdict.
    pub(crate) version: Version,
    /// The largest number of tokens of the reply: the model's own answer, explanation and verdict.
    #[schemars(range(min = 1))]
    max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy, as in Arena-Hard.
    #[schemars(range(min = 0.0, max = 10.0))]
    temperature: f64,
    /// The most requests per comparison, if replies hold no label. Requests after the first use a
    /// temperature of at least 0.7.
    #[schemars(range(min = 1, max = 10))]
    attempts: u32,
    /// Seed of the sampling.
    seed: u64,
}

/// A version of Arena-Hard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum Version {
    /// Two different labels are no verdict.
    #[default]
    #[serde(rename = "v0.1")]
    V0_1,
    /// The last label counts, also in lower case, in single brackets or as `A<B`; instructions of
    /// the category `creative_writing` have a prompt of their own.
    #[serde(rename = "v2")]
    V2,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            version: Version::default(),
            max_new_tokens: 4096,
            temperature: 0.0,
            attempts: 2,
            seed: 0,
        }
    }
}

impl Config {
    /// The model to get the verdict from.
    pub(crate) fn model(self) -> ChatModel {
        ChatModel {
            alias: self.model,
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature,
            attempts: self.attempts,
            seed: self.seed,
        }
    }
}
