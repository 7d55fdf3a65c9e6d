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
    /// Sampling temperature; 0 is greedy, 1 is AlpacaEval's. It has no effect on a verdict from
    /// probabilities.
    #[schemars(range(min = 0.0, max = 10.0))]
    temperature: f64,
    /// Seed of the sampling. It has no effect on a verdict from probabilities.
    seed: u64,
}

/// How to get the verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum VerdictBy {
    /// From the probabilities of `m` and `M` as the first token, as AlpacaEval 2 does; from the
    /// token that the model writes where a server has no probabilities.
    #[default]
    Weighted,
    /// From the token that the model writes: for servers without probabilities, as it saves the
    /// request that they refuse.
    Written,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            verdict: VerdictBy::default(),
            temperature: 1.0,
            seed: 0,
        }
    }
}

impl Config {
    /// The model to get the verdict from.
    pub(crate) fn model(self) -> ChatModel {
        ChatModel {
            alias: self.model,
            max_new_tokens: 1,
            temperature: self.temperature,
            // The probabilities would be the same again.
            attempts: 1,
            seed: self.seed,
        }
    }
}
