//! What the answers cost in tokens.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::store::AnswersById;

/// Tokens of a model's answers to some instructions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TokenUse {
    /// Mean length of the thoughts of parsed completions.
    pub thought_tokens_mean: f64,
    /// Mean length of the responses of parsed completions.
    pub response_tokens_mean: f64,
    /// Tokens sampled per completion that was asked for: thoughts, markers and completions that
    /// were sampled again included.
    pub tokens_per_completion: f64,
}

impl TokenUse {
    /// The tokens of the answers to the instructions `ids`, each answered `num_samples` times.
    pub fn of(answers: &AnswersById, ids: &BTreeSet<String>, num_samples: usize) -> Self {
        let (mut thought, mut response, mut all, mut parsed) = (0, 0, 0, 0);
        for (_, one) in answers.iter().filter(|(id, _)| ids.contains(*id)) {
            thought += one.thought_tokens;
            response += one.response_tokens;
            all += one.tokens;
            parsed += one.parsed();
        }
        let mean = |sum: u64, of: usize| sum as f64 / of.max(1) as f64;
        Self {
            thought_tokens_mean: mean(thought, parsed),
            response_tokens_mean: mean(response, parsed),
            tokens_per_completion: mean(all, ids.len() * num_samples),
        }
    }
}
