//! The language models that a judge may use.
//!
//! A component that calls anything here imports `model`, and the user of the run has to grant it.
//! Outside a component there is no model and every call fails, so keep the logic that is worth
//! testing apart from the calls.

pub use crate::bindings::imports::tpo::plugin::model::{
    ChatReply, ChatRequest, EmbedRequest, ModelError, TensorData, TokenLogProb,
};

use crate::Error;

#[cfg(target_arch = "wasm32")]
pub use crate::bindings::imports::tpo::plugin::model::{chat, embed, tensor};

#[cfg(not(target_arch = "wasm32"))]
pub use absent::{chat, embed, tensor};

#[cfg(not(target_arch = "wasm32"))]
mod absent {
    use super::{ChatReply, ChatRequest, EmbedRequest, ModelError, TensorData};

    fn no_model<T>() -> Result<T, ModelError> {
        Err(ModelError::Failed(
            "outside a component there is no model".into(),
        ))
    }

    /// Returns one reply per request, in order.
    pub fn chat(requests: &[ChatRequest]) -> Vec<Result<ChatReply, ModelError>> {
        requests.iter().map(|_| no_model()).collect()
    }

    /// Returns final hidden states: per request, one row as wide as the model for each position.
    pub fn embed(requests: &[EmbedRequest]) -> Vec<Result<Vec<Vec<f32>>, ModelError>> {
        requests.iter().map(|_| no_model()).collect()
    }

    /// Returns a named tensor of the model's checkpoint.
    pub fn tensor(_model: &str, _name: &str) -> Result<TensorData, ModelError> {
        no_model()
    }
}

/// A tensor of a checkpoint, which must have the given shape; `None` stands for any size. The error
/// names the tensor.
pub fn tensor_of(model: &str, name: &str, shape: &[Option<u32>]) -> Result<TensorData, String> {
    let found = tensor(model, name).map_err(|error| match error {
        ModelError::UnknownModel(alias) => format!("no model is bound to `{alias}`"),
        ModelError::InvalidRequest(why)
        | ModelError::Failed(why)
        | ModelError::BudgetExhausted(why) => why,
    })?;
    let fits = found.shape.len() == shape.len()
        && found
            .shape
            .iter()
            .zip(shape)
            .all(|(found, wanted)| wanted.is_none_or(|wanted| wanted == *found));
    if fits {
        return Ok(found);
    }
    let wanted: Vec<String> = shape
        .iter()
        .map(|size| size.map_or_else(|| "any".to_owned(), |size| size.to_string()))
        .collect();
    Err(format!(
        "tensor `{name}` of the model `{model}` has the shape {:?}, not [{}]",
        found.shape,
        wanted.join(", ")
    ))
}

/// One hidden state for each position of a request, each as wide as the model.
pub type States = Vec<Vec<f32>>;

/// The hidden states of each request. The inner error is the short phrase for `unscored`; the outer
/// one ends the call, as in [`ask`].
pub fn states(requests: &[EmbedRequest]) -> Result<Vec<Result<States, String>>, Error> {
    embed(requests)
        .into_iter()
        .map(|outcome| outcome.map(Ok).or_else(|error| unanswered(error).map(Err)))
        .collect()
}

/// The phrase for a request that the model cannot serve.
pub const REFUSED: &str = "the model refused the request";

/// The phrase for a request that failed, or the error if other requests would fail as well.
fn unanswered(error: ModelError) -> Result<String, Error> {
    match error {
        ModelError::InvalidRequest(_) => Ok(REFUSED.into()),
        ModelError::Failed(_) => Ok("the model failed".into()),
        ModelError::UnknownModel(what) => Err(Error::InvalidConfig(format!(
            "no model is bound to `{what}`"
        ))),
        ModelError::BudgetExhausted(what) => Err(Error::Internal(what)),
    }
}

/// Makes the requests of several groups in one batch, and returns the outcomes by group.
pub fn in_one_batch<Q, A>(
    requests: Vec<Vec<Q>>,
    ask: impl FnOnce(Vec<Q>) -> Result<Vec<A>, Error>,
) -> Result<Vec<Vec<A>>, Error> {
    let sizes: Vec<usize> = requests.iter().map(Vec::len).collect();
    let mut outcomes = ask(requests.into_iter().flatten().collect())?.into_iter();
    Ok(sizes
        .into_iter()
        .map(|size| outcomes.by_ref().take(size).collect())
        .collect())
}

/// The lowest temperature of a repeated request: at 0 the reply would be the same.
const AGAIN: f64 = 0.7;

/// Requests replies and reads them. If `read` refuses a reply, the request is repeated with the
/// next seed, up to `attempts` requests in all. The inner error is the short phrase for `unscored`;
/// the outer one ends the call, because another request would not help: there is no such model, or
/// the budget is exhausted.
pub fn ask<T>(
    requests: Vec<ChatRequest>,
    attempts: u32,
    read: impl Fn(&ChatReply) -> Result<T, String>,
) -> Result<Vec<Result<T, String>>, Error> {
    ask_through(chat, requests, attempts, read)
}

fn ask_through<T>(
    chat: impl Fn(&[ChatRequest]) -> Vec<Result<ChatReply, ModelError>>,
    mut requests: Vec<ChatRequest>,
    attempts: u32,
    read: impl Fn(&ChatReply) -> Result<T, String>,
) -> Result<Vec<Result<T, String>>, Error> {
    let mut outcomes: Vec<Result<T, String>> =
        requests.iter().map(|_| Err("not asked".into())).collect();
    let mut open: Vec<usize> = (0..requests.len()).collect();
    for _ in 0..attempts.max(1) {
        let replies = chat(
            &open
                .iter()
                .map(|&at| requests[at].clone())
                .collect::<Vec<_>>(),
        );
        let mut unread = Vec::new();
        for (&at, reply) in open.iter().zip(replies) {
            outcomes[at] = match reply {
                Ok(reply) => read(&reply).inspect_err(|_| unread.push(at)),
                Err(error) => Err(unanswered(error)?),
            };
        }
        open = unread;
        if open.is_empty() {
            break;
        }
        for &at in &open {
            requests[at].seed = requests[at].seed.wrapping_add(1);
            requests[at].temperature = requests[at].temperature.max(AGAIN);
        }
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn reply(text: &str) -> ChatReply {
        ChatReply {
            text: text.into(),
            truncated: false,
            top_log_probs: Vec::new(),
            extra: Vec::new(),
        }
    }

    fn number(reply: &ChatReply) -> Result<u32, String> {
        reply.text.parse().map_err(|_| "no number".into())
    }

    #[test]
    fn outcomes_come_back_by_group() {
        let requests = vec![vec![1, 2], vec![], vec![3]];
        let doubled = |requests: Vec<i32>| Ok(requests.iter().map(|one| one * 2).collect());
        assert_eq!(
            in_one_batch(requests, doubled),
            Ok(vec![vec![2, 4], vec![], vec![6]])
        );
    }

    #[test]
    fn a_reply_that_cannot_be_read_is_requested_again_a_bounded_number_of_times() {
        let calls = RefCell::new(Vec::new());
        let chat = |requests: &[ChatRequest]| {
            calls.borrow_mut().push(
                requests
                    .iter()
                    .map(|request| (request.seed, request.temperature))
                    .collect::<Vec<_>>(),
            );
            requests
                .iter()
                .map(|request| match request.model.as_str() {
                    "good" => Ok(reply("7")),
                    "later" => Ok(reply(if request.seed == 1 { "8" } else { "" })),
                    "broken" => Err(ModelError::Failed("it is down".into())),
                    _ => Ok(reply("?")),
                })
                .collect()
        };
        let request = |model: &str| ChatRequest {
            model: model.into(),
            ..ChatRequest::default()
        };
        let requests = ["good", "later", "never", "broken"].map(request).to_vec();
        let outcomes = ask_through(chat, requests, 3, number).expect("outcomes");
        let expected = [
            Ok(7),
            Ok(8),
            Err("no number".to_owned()),
            Err("the model failed".to_owned()),
        ];
        assert_eq!(outcomes, expected);
        assert_eq!(
            *calls.borrow(),
            [vec![(0, 0.0); 4], vec![(1, AGAIN); 2], vec![(2, AGAIN); 1]]
        );
    }

    #[test]
    fn a_model_that_does_not_exist_ends_the_call() {
        let unknown = |_: &[ChatRequest]| vec![Err(ModelError::UnknownModel("judge".into()))];
        let outcome = ask_through(unknown, vec![ChatRequest::default()], 3, number);
        assert_eq!(
            outcome,
            Err(Error::InvalidConfig("no model is bound to `judge`".into()))
        );
    }
}
