//! The language models that the run lends to a judge.
//!
//! Calling anything here makes the component import `model`, which is asking the user for the grant. Outside a
//! component there is no model and every call fails, so keep what is worth testing apart from the asking.

pub use crate::bindings::imports::tpo::plugin::model::{
    ChatReply, ChatRequest, EmbedRequest, ModelError, TensorData, TokenLogProb,
};

#[cfg(target_arch = "wasm32")]
pub use crate::bindings::imports::tpo::plugin::model::{chat, embed, tensor};

#[cfg(not(target_arch = "wasm32"))]
pub use absent::{chat, embed, tensor};

#[cfg(not(target_arch = "wasm32"))]
mod absent {
    use super::{ChatReply, ChatRequest, EmbedRequest, ModelError, TensorData};

    fn no_model<T>() -> Result<T, ModelError> {
        Err(ModelError::Failed("outside a component there is no model".into()))
    }

    /// Answers a batch; outcome i belongs to request i.
    pub fn chat(requests: &[ChatRequest]) -> Vec<Result<ChatReply, ModelError>> {
        requests.iter().map(|_| no_model()).collect()
    }

    /// Final hidden states, one row of model width per position asked for.
    pub fn embed(requests: &[EmbedRequest]) -> Vec<Result<Vec<Vec<f32>>, ModelError>> {
        requests.iter().map(|_| no_model()).collect()
    }

    /// A named tensor of the model's checkpoint.
    pub fn tensor(_model: &str, _name: &str) -> Result<TensorData, ModelError> {
        no_model()
    }
}
