//! How completions are sampled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Prompt;

/// How the next token is chosen, and when a completion ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingParams {
    /// Divides the logits; 0 takes the likeliest token every time.
    pub temperature: f64,
    /// Only the likeliest tokens that together have at least this probability are drawn from; 1 is
    /// off.
    pub top_p: f64,
    /// Only this many of the likeliest tokens are drawn from; 0 is off.
    pub top_k: usize,
    /// A completion ends after this many tokens, forced ones included.
    pub max_new_tokens: usize,
    /// A thought that has not ended by itself is closed after this many tokens by forcing the
    /// prompt's response marker; none lets it run.
    pub max_thought_tokens: Option<usize>,
}

/// Names one completion of a run. All randomness of the completion is drawn from a counter keyed by
/// this, so it does not depend on what else is sampled beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SampleId {
    /// The run's seed.
    pub seed: u64,
    /// Which part of the run asks, for example `train-1` or `validation-0`.
    pub slice: String,
    /// The instruction's id.
    pub instruction_id: String,
    /// Which of the `K` completions.
    pub index: usize,
}

/// The completions still wanted for one prompt.
#[derive(Debug, Clone)]
pub struct SampleJob<'a> {
    /// What the model is fed.
    pub prompt: &'a Prompt,
    /// The prompt as tokens, prefill included.
    pub prompt_ids: &'a [u32],
    /// The completions to sample.
    pub samples: Vec<SampleId>,
}
