//! The output of the model.

use serde::{Deserialize, Serialize};

/// Why a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model ended its turn, or a stop string appeared.
    Stop,
    /// The token limit was reached.
    Length,
}

/// Raw output of the model for one prompt. The ids that were sampled are the ids that are trained
/// on: the text is never tokenized again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The tokens after the prompt and its prefill, with the end-of-turn token if the model wrote
    /// one. `T` long.
    pub token_ids: Vec<u32>,
    /// Log-probability of each token under the policy at temperature 1, regardless of the sampling
    /// temperature. `T` long.
    pub log_probs: Vec<f32>,
    /// Whether the engine forced the token (the response marker) instead of sampling it. Forced
    /// tokens are not trained on. `T` long.
    pub forced: Vec<bool>,
    /// The whole assistant turn: the prefill, then the tokens' text without the end-of-turn token
    /// and stop strings.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
}
