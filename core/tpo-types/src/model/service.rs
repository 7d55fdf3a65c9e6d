//! The models that judges use.

use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};

use super::chat::{ChatReply, ChatRequest};
use super::embed::{EmbedRequest, HiddenStates, TensorData};
use super::error::ModelOutcome;
use crate::Failure;

/// A request and the model that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest<Q> {
    /// The alias that the model is bound to.
    pub model: String,
    /// The request.
    pub request: Q,
}

/// A model that an alias is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundModel {
    /// The alias that judges use.
    pub alias: String,
    /// The model's [identity](crate::LanguageModel::identity).
    pub identity: String,
}

/// A position in the sequence of replies that a [`ModelService`] has given. The service remembers
/// which replies it gave after a mark for as long as the mark is held.
#[derive(Debug, Default)]
pub struct ReplyMark(Arc<()>);

impl ReplyMark {
    /// A reference that does not hold the mark.
    pub fn downgrade(&self) -> Weak<()> {
        Arc::downgrade(&self.0)
    }

    /// Whether `mark` refers to this one.
    pub fn is(&self, mark: &Weak<()>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.0), mark.as_ptr())
    }
}

/// The models that judges use, each by an alias. A [`Failure`] ends the run: a reply could not be
/// saved, or a model is unavailable.
pub trait ModelService: Send + Sync {
    /// The models that are bound.
    fn bound(&self) -> Vec<BoundModel>;

    /// Answers a batch; outcome i belongs to request i.
    fn chat(
        &self,
        requests: &[ModelRequest<ChatRequest>],
    ) -> Result<Vec<ModelOutcome<ChatReply>>, Failure>;

    /// Final hidden states; outcome i belongs to request i.
    fn embed(
        &self,
        requests: &[ModelRequest<EmbedRequest>],
    ) -> Result<Vec<ModelOutcome<HiddenStates>>, Failure>;

    /// A named tensor of a model's checkpoint.
    fn tensor(&self, model: &str, name: &str) -> Result<ModelOutcome<TensorData>, Failure>;

    /// Marks the present position in the sequence of replies.
    fn mark(&self) -> ReplyMark {
        ReplyMark::default()
    }

    /// Forgets the replies given after a mark: the next time their requests are sent again.
    fn forget_since(&self, _mark: &ReplyMark) -> Result<(), Failure> {
        Ok(())
    }
}
