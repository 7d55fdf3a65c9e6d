//! The input of the model, before tokenization.

use serde::{Deserialize, Serialize};

use crate::Message;

/// A rendered instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The conversation; the model's chat template is applied when it becomes tokens.
    pub messages: Vec<Message>,
    /// Text that the assistant's turn begins with. It is part of the completion's text but never of
    /// the loss.
    pub prefill: Option<String>,
    /// Text that follows the prefill and is trained on, for example a mode that the model should
    /// learn to write itself. Its tokens are the first of the completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_prefill: Option<String>,
    /// Stop strings: the completion ends where one of them appears.
    pub stop: Vec<String>,
    /// Text that opens the response. The sampler forces it when a thought has used up its budget.
    pub response_marker: Option<String>,
}
