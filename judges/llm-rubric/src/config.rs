//! What a user may configure.

use model_judge::ChatModel;
use serde::Deserialize;
use tpo_plugin::{JsonSchema, schemars};

/// The rubric, and the model that rates by it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The alias of the model, as `models` binds it.
    model: String,
    /// What makes a response good, in your words.
    rubric: String,
    /// The best rating; the worst is 1. At most 9 with `score` = "expected".
    #[schemars(range(min = 2, max = 100))]
    scale: u32,
    /// How to get the score from the reply.
    score: ScoreBy,
    /// The largest number of tokens of the reply: explanation and rating.
    #[schemars(range(min = 1))]
    max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy.
    #[schemars(range(min = 0.0, max = 10.0))]
    temperature: f64,
    /// The most requests per response, if replies hold no rating. Requests after the first use a
    /// temperature of at least 0.7.
    #[schemars(range(min = 1, max = 10))]
    attempts: u32,
    /// Seed of the sampling.
    seed: u64,
}

/// How to get the score from the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScoreBy {
    /// The model explains, then writes the rating.
    Rating,
    /// The model writes only the rating; the score is the mean of the scale under the probabilities
    /// of the rating's token.
    Expected,
}

/// The checked configuration.
#[derive(Debug)]
pub(crate) struct Rubric {
    pub(crate) text: String,
    /// The best rating; the worst is 1.
    pub(crate) scale: u32,
    pub(crate) score: ScoreBy,
    pub(crate) model: ChatModel,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: "judge".into(),
            rubric: "The response does what the instruction asks for, is correct, and is as long \
                     as it needs to be."
                .into(),
            scale: 5,
            score: ScoreBy::Rating,
            max_new_tokens: 1024,
            temperature: 0.0,
            attempts: 2,
            seed: 0,
        }
    }
}

impl Config {
    pub(crate) fn check(self) -> Result<Rubric, String> {
        if self.rubric.trim().is_empty() {
            return Err("`rubric` is empty".into());
        }
        if self.score == ScoreBy::Expected && self.scale > 9 {
            return Err(format!(
                "`scale` is {}; it must be at most 9 with `score` = \"expected\", where a rating is \
                 one token",
                self.scale
            ));
        }
        Ok(Rubric {
            text: self.rubric,
            scale: self.scale,
            score: self.score,
            model: ChatModel {
                alias: self.model,
                max_new_tokens: self.max_new_tokens,
                temperature: self.temperature,
                attempts: self.attempts,
                seed: self.seed,
            },
        })
    }
}
