//! What a trainer is given.

/// One side of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The completion's tokens. `T` long.
    pub token_ids: Vec<u32>,
    /// Whether a token counts in the loss: forced tokens do not. `T` long.
    pub loss_mask: Vec<bool>,
    /// Log-probability of the counted tokens under the reference, summed.
    pub reference_log_prob: f64,
}

/// A pair as tokens. Both sides follow the same prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingPair {
    /// Names the pair in messages: the instruction's id.
    pub id: String,
    /// The prompt's tokens, prefill included.
    pub prompt_ids: Vec<u32>,
    /// The better completion.
    pub chosen: Side,
    /// The worse completion.
    pub rejected: Side,
}
