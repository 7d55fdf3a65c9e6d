//! The input of a trainer.

/// One side of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The completion's tokens. `T` long.
    pub token_ids: Vec<u32>,
    /// Whether a token counts toward the loss; forced tokens do not. `T` long.
    pub loss_mask: Vec<bool>,
    /// Summed log-probability of the counted tokens under the reference.
    pub reference_log_prob: f64,
}

/// A pair as tokens. Both sides follow the same prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingPair {
    /// The instruction's id, which names the pair in messages.
    pub id: String,
    /// The prompt's tokens, prefill included.
    pub prompt_ids: Vec<u32>,
    /// The better completion.
    pub chosen: Side,
    /// The worse completion.
    pub rejected: Side,
}

impl TrainingPair {
    /// Tokens of the prompt and of both completions.
    pub fn num_tokens(&self) -> usize {
        self.prompt_ids.len() + self.chosen.token_ids.len() + self.rejected.token_ids.len()
    }
}
