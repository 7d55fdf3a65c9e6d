//! Hidden states and tensors of a model.

use serde::{Deserialize, Serialize};

use crate::Message;

/// One conversation to embed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedRequest {
    /// The conversation, rendered by the model's own chat template without a generation prompt.
    pub messages: Vec<Message>,
    /// Token patterns: the hidden state is taken where the last occurrence of a pattern begins. The
    /// empty pattern names the last token.
    pub positions: Vec<Vec<u32>>,
}

/// One row per requested position, `D` (the model's width) long.
pub type HiddenStates = Vec<Vec<f32>>;

/// A dense tensor in row-major order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorData {
    /// Sizes, outermost first.
    pub shape: Vec<u32>,
    /// The values.
    pub values: Vec<f32>,
}
