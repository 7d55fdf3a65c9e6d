//! The contract's `model`: language models that the run lends to a plugin.
//!
//! Turns the guest's requests into the nouns of `tpo-types` and hands them on to whoever lends
//! models; what answers, and what is recorded of it, is not known here. The guest's own time stands
//! still while it waits, and how long it may wait is a limit of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tpo_types::{Failure, MessageRole, ModelRequest, ModelService};

use crate::bindings::tpo::plugin::model;
use crate::bindings::tpo::plugin::types::Message;
use crate::limits::{Exceeded, Limits};
use crate::roles::convert;
use crate::state::State;

/// Models that are lent to a plugin, and the time that it has waited for them.
pub(crate) struct Lent {
    service: Option<Arc<dyn ModelService>>,
    allowed: Duration,
    waited: Duration,
    /// What of `waited` the guest's deadline has not been moved by.
    pub(crate) to_give_back: Duration,
}

impl Lent {
    pub(crate) fn new(service: Option<Arc<dyn ModelService>>, limits: &Limits) -> Self {
        Self {
            service,
            allowed: limits.model_time(),
            waited: Duration::ZERO,
            to_give_back: Duration::ZERO,
        }
    }

    /// Another call begins.
    pub(crate) fn renew(&mut self) {
        self.waited = Duration::ZERO;
        self.to_give_back = Duration::ZERO;
    }

    /// Has the models do something. Without any the answer is `none`.
    fn wait<T>(
        &mut self,
        none: impl FnOnce() -> T,
        ask: impl FnOnce(&dyn ModelService) -> Result<T, Failure>,
    ) -> wasmtime::Result<T> {
        let Some(service) = &self.service else {
            return Ok(none());
        };
        let start = Instant::now();
        let answer = ask(&**service);
        self.waited += start.elapsed();
        self.to_give_back += start.elapsed();
        if self.waited > self.allowed {
            return Err(Exceeded::Waiting {
                allowed: self.allowed,
            }
            .into());
        }
        answer.map_err(wasmtime::Error::new)
    }
}

fn unknown(model: &str) -> model::ModelError {
    model::ModelError::UnknownModel(model.to_owned())
}

impl model::Host for State {
    fn chat(
        &mut self,
        requests: Vec<model::ChatRequest>,
    ) -> wasmtime::Result<Vec<Result<model::ChatReply, model::ModelError>>> {
        let none = || {
            requests
                .iter()
                .map(|request| Err(unknown(&request.model)))
                .collect()
        };
        let ask = |service: &dyn ModelService| {
            let asked: Vec<_> = requests.iter().map(chat_request).collect();
            sorted(&asked, |asked| service.chat(asked), reply)
        };
        self.models.wait(none, ask)
    }

    fn embed(
        &mut self,
        requests: Vec<model::EmbedRequest>,
    ) -> wasmtime::Result<Vec<Result<Vec<Vec<f32>>, model::ModelError>>> {
        let none = || {
            requests
                .iter()
                .map(|request| Err(unknown(&request.model)))
                .collect()
        };
        let ask = |service: &dyn ModelService| {
            let asked: Vec<_> = requests.iter().map(embed_request).collect();
            sorted(&asked, |asked| service.embed(asked), |states| states)
        };
        self.models.wait(none, ask)
    }

    fn tensor(
        &mut self,
        model: String,
        name: String,
    ) -> wasmtime::Result<Result<model::TensorData, model::ModelError>> {
        let ask = |service: &dyn ModelService| {
            let outcome = service.tensor(&model, &name)?;
            let data =
                |tpo_types::TensorData { shape, values }| model::TensorData { shape, values };
            Ok(outcome.map(data).map_err(error))
        };
        self.models.wait(|| Err(unknown(&model)), ask)
    }
}

/// Asks about the requests that make sense, and puts the outcomes back in the order of all.
fn sorted<A: Clone, R, T>(
    requests: &[Result<A, model::ModelError>],
    ask: impl FnOnce(&[A]) -> Result<Vec<Result<R, tpo_types::ModelError>>, Failure>,
    convert: impl Fn(R) -> T,
) -> Result<Vec<Result<T, model::ModelError>>, Failure> {
    let sensible: Vec<A> = requests.iter().flatten().cloned().collect();
    let answers = ask(&sensible)?;
    let mut failed = answers.iter().filter_map(|answer| answer.as_ref().err());
    // The plugin makes a short phrase of it.
    if let Some(first) = failed.next() {
        tracing::warn!(
            "{} of {} requests to a model failed, the first: {first}",
            failed.count() + 1,
            sensible.len()
        );
    }
    let mut answers = answers.into_iter();
    let mut next = || match answers.next() {
        Some(answer) => answer.map(&convert).map_err(error),
        None => Err(model::ModelError::Failed(
            "the model gave too few answers".into(),
        )),
    };
    Ok(requests
        .iter()
        .map(|request| request.as_ref().map_err(Clone::clone).and_then(|_| next()))
        .collect())
}

fn chat_request(
    request: &model::ChatRequest,
) -> Result<ModelRequest<tpo_types::ChatRequest>, model::ModelError> {
    if !(request.temperature >= 0.0 && request.temperature.is_finite()) {
        let what = format!(
            "the temperature is {}; it must be 0 or more",
            request.temperature
        );
        return Err(model::ModelError::InvalidRequest(what));
    }
    let asked = tpo_types::ChatRequest {
        messages: messages(&request.messages)?,
        prefill: request.prefill.clone(),
        stop: request.stop.clone(),
        max_new_tokens: request.max_new_tokens,
        temperature: request.temperature,
        seed: request.seed,
        top_log_probs: request.top_log_probs,
    };
    Ok(ModelRequest {
        model: request.model.clone(),
        request: asked,
    })
}

fn embed_request(
    request: &model::EmbedRequest,
) -> Result<ModelRequest<tpo_types::EmbedRequest>, model::ModelError> {
    let asked = tpo_types::EmbedRequest {
        messages: messages(&request.messages)?,
        positions: request.positions.clone(),
    };
    Ok(ModelRequest {
        model: request.model.clone(),
        request: asked,
    })
}

fn messages(messages: &[Message]) -> Result<Vec<tpo_types::Message>, model::ModelError> {
    let message = |message: &Message| {
        let role: MessageRole = convert::speaker(&message.role).ok_or_else(|| {
            model::ModelError::InvalidRequest(format!(
                "`{}` is no role: system, user or assistant",
                message.role
            ))
        })?;
        Ok(tpo_types::Message {
            role,
            content: message.content.clone(),
        })
    };
    messages.iter().map(message).collect()
}

fn reply(reply: tpo_types::ChatReply) -> model::ChatReply {
    let token = |token: tpo_types::TokenLogProb| model::TokenLogProb {
        token: token.token,
        log_prob: token.log_prob,
    };
    let position = |tokens: Vec<tpo_types::TokenLogProb>| tokens.into_iter().map(token).collect();
    model::ChatReply {
        text: reply.text,
        truncated: reply.truncated,
        top_log_probs: reply.top_log_probs.into_iter().map(position).collect(),
        extra: vec![
            ("prompt_tokens".into(), reply.prompt_tokens.to_string()),
            (
                "completion_tokens".into(),
                reply.completion_tokens.to_string(),
            ),
        ],
    }
}

fn error(error: tpo_types::ModelError) -> model::ModelError {
    match error {
        tpo_types::ModelError::UnknownModel(alias) => model::ModelError::UnknownModel(alias),
        tpo_types::ModelError::BudgetExhausted(what) => model::ModelError::BudgetExhausted(what),
        tpo_types::ModelError::InvalidRequest(what) => model::ModelError::InvalidRequest(what),
        tpo_types::ModelError::Failed(what) | tpo_types::ModelError::Unavailable(what) => {
            model::ModelError::Failed(what)
        }
    }
}
