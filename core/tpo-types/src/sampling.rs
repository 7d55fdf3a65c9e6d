//! Sampling parameters and jobs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Prompt;

/// Sampling parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingParams {
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// Nucleus (top-p) sampling; 1 disables it.
    pub top_p: f64,
    /// Top-k sampling; 0 disables it.
    pub top_k: usize,
    /// Maximum number of tokens of a completion, forced ones included.
    pub max_new_tokens: usize,
    /// Thought budget in tokens: a longer thought is closed by forcing the prompt's response
    /// marker. None disables it.
    pub max_thought_tokens: Option<usize>,
}

/// Identifies one completion of a run. It is the key of the completion's random numbers, which
/// therefore do not depend on the rest of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SampleId {
    /// The run's seed.
    pub seed: u64,
    /// What it is sampled for, for example `train-1` or the name of a validation set. All models
    /// that are measured on a set use the same random numbers, so that they differ less by chance.
    pub stream: String,
    /// The instruction's id.
    pub instruction_id: String,
    /// Index among the `K` completions.
    pub index: usize,
}

/// Completions to sample for one prompt.
#[derive(Debug, Clone)]
pub struct SampleJob<'a> {
    /// The prompt.
    pub prompt: &'a Prompt,
    /// Its tokens: chat template and prefill, without the trained prefill.
    pub prompt_ids: &'a [u32],
    /// The completions to sample.
    pub samples: Vec<SampleId>,
}
