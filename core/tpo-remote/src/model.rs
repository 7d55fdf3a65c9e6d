//! The model as judges see it: requests go out side by side, and each is sent until it is answered
//! or given up.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use tpo_types::{
    ChatReply, ChatRequest, Done, EmbedRequest, Failure, HiddenStates, LanguageModel, Message,
    ModelError, TensorData,
};

use crate::client::{Answer, Client};
use crate::gate::Gate;
use crate::wire::{self, Unread};
use crate::{RemoteConfig, pause};

/// So many requests given up in a row raise the question whether the server is gone.
const GONE: u32 = 20;

/// A model behind a server.
pub struct OpenAiModel {
    config: RemoteConfig,
    identity: String,
    client: Client,
    gate: Gate,
    given_up_in_a_row: AtomicU32,
}

impl OpenAiModel {
    /// Takes a configuration that has been [checked](RemoteConfig::check), and reads the key.
    /// Nothing is asked of the server yet.
    pub fn open(config: &RemoteConfig) -> Result<Self, Failure> {
        Ok(Self {
            identity: config.identity(),
            client: Client::new(config)?,
            gate: Gate::new(config),
            config: config.clone(),
            given_up_in_a_row: AtomicU32::new(0),
        })
    }

    /// Sends one request until it is answered or given up.
    fn ask(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        let body = wire::body(&self.config.model, request).to_string();
        let mut last = String::new();
        for attempt in 0..self.config.attempts {
            if attempt > 0 {
                tracing::debug!("{} is asked again: {last}", self.config.base_url);
                thread::sleep(pause::before(attempt));
            }
            match self.ask_once(&body, request) {
                Ok(reply) => {
                    self.given_up_in_a_row.store(0, Ordering::Relaxed);
                    return Ok(reply);
                }
                Err(Fault::Passing(why)) => last = why,
                Err(Fault::Lasting(error)) => return Err(error),
            }
        }
        Err(self.give_up(&last))
    }

    fn ask_once(&self, body: &str, request: &ChatRequest) -> Result<ChatReply, Fault> {
        let pass = self
            .gate
            .enter(wire::estimate(request))
            .map_err(Fault::Lasting)?;
        match self.client.post(body) {
            Answer::Body(bytes) => match wire::reply(&bytes, request) {
                Ok(reply) => {
                    let used = u64::from(reply.prompt_tokens) + u64::from(reply.completion_tokens);
                    // Where the server does not count, the estimate stands.
                    if used > 0 {
                        pass.used(used);
                    }
                    Ok(reply)
                }
                // What does not parse is quoted.
                Err(Unread::Nonsense(why)) => Err(Fault::Passing(self.client.tellable(&why))),
                Err(Unread::Unable(why)) => {
                    Err(Fault::Lasting(ModelError::InvalidRequest(self.told(&why))))
                }
            },
            Answer::Later { why, after } => {
                pass.in_vain();
                if let Some(pause) = after {
                    self.gate.close_for(pause);
                }
                Err(Fault::Passing(why))
            }
            Answer::Never(error) => {
                pass.in_vain();
                Err(Fault::Lasting(match error {
                    ModelError::Unavailable(why) => self.unavailable(&why),
                    ModelError::InvalidRequest(why) => ModelError::InvalidRequest(self.told(&why)),
                    other => other,
                }))
            }
        }
    }

    /// One request is given up. Where many in a row are, a question that any server can answer
    /// tells whether it is gone or only these fail: they take longest, so they are the last of a
    /// batch, and all that is left for the next command.
    fn give_up(&self, last: &str) -> ModelError {
        let attempts = self.config.attempts;
        let in_a_row = self.given_up_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row >= GONE {
            let question = question();
            match self.ask_once(
                &wire::body(&self.config.model, &question).to_string(),
                &question,
            ) {
                Ok(_) | Err(Fault::Lasting(ModelError::InvalidRequest(_))) => {
                    self.given_up_in_a_row.store(0, Ordering::Relaxed);
                }
                Err(Fault::Passing(_)) => {
                    let why = format!(
                        "{in_a_row} requests in a row failed, each {attempts} times, the last \
                            because {last}"
                    );
                    return self.unavailable(&why);
                }
                Err(Fault::Lasting(error)) => return error,
            }
        }
        ModelError::Failed(self.told(&format!(
            "it was asked {attempts} times; the last time {last}"
        )))
    }

    /// Nothing more is asked of the server.
    fn unavailable(&self, why: &str) -> ModelError {
        let error = ModelError::Unavailable(self.told(why));
        self.gate.shut(error.clone());
        error
    }

    fn told(&self, what: &str) -> String {
        format!("the server `{}`: {what}", self.config.base_url)
    }

    fn has_none(&self, what: &str) -> ModelError {
        let what =
            format!("a server gives no {what}; bind the model with `source` instead of `server`");
        ModelError::InvalidRequest(self.told(&what))
    }
}

/// What any server can answer.
fn question() -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user("Say yes.")],
        prefill: None,
        stop: Vec::new(),
        max_new_tokens: 16,
        temperature: 0.0,
        seed: 0,
        top_log_probs: 0,
    }
}

/// Why a request was not answered this time.
enum Fault {
    Passing(String),
    Lasting(ModelError),
}

impl LanguageModel for OpenAiModel {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn chat(&self, requests: &[ChatRequest], done: Done<'_>) {
        let next = AtomicUsize::new(0);
        let workers = requests.len().min(self.config.concurrency as usize);
        thread::scope(|scope| {
            let (sender, outcomes) = mpsc::channel();
            for _ in 0..workers {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(request) = requests.get(number) else {
                            break;
                        };
                        // The receiver outlives the workers. What has not been heard of may be
                        // lost, so until then no more is asked.
                        let (heard, is_heard) = mpsc::channel::<()>();
                        let _ = sender.send((number, self.ask(request), heard));
                        let _ = is_heard.recv();
                    }
                });
            }
            drop(sender);
            for (number, outcome, heard) in outcomes {
                if done(number, outcome).is_break() {
                    next.store(requests.len(), Ordering::Relaxed);
                }
                drop(heard);
            }
        });
    }

    fn embed(&self, requests: &[EmbedRequest]) -> Vec<Result<HiddenStates, ModelError>> {
        requests
            .iter()
            .map(|_| Err(self.has_none("hidden states")))
            .collect()
    }

    fn tensor(&self, _name: &str) -> Result<TensorData, ModelError> {
        Err(self.has_none("tensors"))
    }
}
