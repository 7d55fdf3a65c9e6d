//! A chat request and its reply.

use serde::{Deserialize, Serialize};

use crate::Message;

/// A request for one answer. The model is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation; the model writes the next assistant turn.
    pub messages: Vec<Message>,
    /// Text that the assistant's turn begins with; not repeated in the reply.
    pub prefill: Option<String>,
    /// The answer ends before the first of these strings.
    pub stop: Vec<String>,
    /// The most tokens to generate.
    pub max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// The same seed and request give the same reply.
    pub seed: u64,
    /// How many of the most probable tokens to report at every position of the answer.
    pub top_log_probs: u32,
}

/// A token and its probability at one position of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogProb {
    /// The token's text.
    pub token: String,
    /// Natural logarithm of its probability at temperature 1.
    pub log_prob: f64,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The answer's text.
    pub text: String,
    /// The answer ended because it reached `max_new_tokens`.
    pub truncated: bool,
    /// For every position of the answer the most probable tokens, in descending order; empty unless
    /// requested.
    pub top_log_probs: Vec<Vec<TokenLogProb>>,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens of the answer.
    pub completion_tokens: u32,
}
