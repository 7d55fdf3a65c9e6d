//! What the model is fed, before it becomes tokens.

use serde::{Deserialize, Serialize};

use crate::Message;

/// A rendered instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The conversation; the model's chat template is applied when it becomes tokens.
    pub messages: Vec<Message>,
    /// Text that the assistant's turn begins with. Part of the completion's text, never of the
    /// loss.
    pub prefill: Option<String>,
    /// Text that follows the prefill, for example a mode that the model is to learn to write by
    /// itself. The model is fed it, and it is trained on: its tokens are the completion's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_prefill: Option<String>,
    /// The completion ends where one of these appears.
    pub stop: Vec<String>,
    /// The text that opens the response; the sampler forces it when a thought has used up its
    /// budget.
    pub response_marker: Option<String>,
}
