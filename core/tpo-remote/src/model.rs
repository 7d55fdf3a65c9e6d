//! The model: requests are sent in parallel, and each is retried until it succeeds or is given up.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tpo_http::{Backoff, with_retries};
use tpo_types::{
    ChatReply, ChatRequest, Done, EmbedRequest, Failure, HiddenStates, LanguageModel, Message,
    ModelError, TensorData,
};

use crate::RemoteConfig;
use crate::client::{Client, PostError};
use crate::rate_limiter::RateLimiter;
use crate::wire::{self, ReplyError};

/// After so many requests given up in a row, a probe finds out whether the server is gone.
const MAX_CONSECUTIVE_FAILURES: u32 = 20;
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(500),
    cap: Duration::from_secs(8),
};

/// A model behind a server.
pub struct OpenAiModel {
    config: RemoteConfig,
    identity: String,
    client: Client,
    limiter: RateLimiter,
    consecutive_failures: AtomicU32,
}

impl OpenAiModel {
    /// Takes a configuration that was [checked](RemoteConfig::check) and reads the key. The server
    /// is not contacted yet.
    pub fn open(config: &RemoteConfig) -> Result<Self, Failure> {
        Ok(Self {
            identity: config.identity(),
            client: Client::new(config)?,
            limiter: RateLimiter::new(config),
            config: config.clone(),
            consecutive_failures: AtomicU32::new(0),
        })
    }

    /// Sends a request until it succeeds or is given up.
    fn send_with_retries(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        let body = wire::body(&self.config.model, request).to_string();
        let result = with_retries(
            self.config.attempts,
            BACKOFF,
            |result| matches!(result, Err(SendError::Transient(_))),
            || self.send_once(&body, request),
        );
        match result {
            Ok(reply) => {
                self.consecutive_failures.store(0, Ordering::Relaxed);
                Ok(reply)
            }
            Err(SendError::Transient(last)) => Err(self.give_up(&last)),
            Err(SendError::Permanent(error)) => Err(error),
        }
    }

    fn send_once(&self, body: &str, request: &ChatRequest) -> Result<ChatReply, SendError> {
        let permit = self
            .limiter
            .acquire(wire::estimate(request))
            .map_err(SendError::Permanent)?;
        let bytes = self.client.post(body).map_err(|error| {
            permit.refund();
            self.send_error(error)
        })?;
        let reply = wire::reply(&bytes, request).map_err(|error| match error {
            // A parser's message quotes the reply.
            ReplyError::Malformed(why) => self.transient(self.client.redacted(&why)),
            ReplyError::Unsupported(why) => {
                SendError::Permanent(ModelError::InvalidRequest(self.of_server(&why)))
            }
        })?;
        let used = u64::from(reply.prompt_tokens) + u64::from(reply.completion_tokens);
        // If the server does not report usage, the estimate stands.
        if used > 0 {
            permit.record_usage(used);
        }
        Ok(reply)
    }

    fn send_error(&self, error: PostError) -> SendError {
        match error {
            PostError::Retryable {
                reason,
                retry_after,
            } => {
                if let Some(delay) = retry_after {
                    self.limiter.pause(delay);
                }
                self.transient(reason)
            }
            PostError::Unavailable(why) => SendError::Permanent(self.unavailable(&why)),
            PostError::Rejected(why) => {
                SendError::Permanent(ModelError::InvalidRequest(self.of_server(&why)))
            }
        }
    }

    fn transient(&self, why: String) -> SendError {
        tracing::debug!("{}", self.of_server(&why));
        SendError::Transient(why)
    }

    /// Gives up one request. After many in a row, a probe that any server can answer finds out
    /// whether the server is gone or only these requests fail: requests that always fail take
    /// longest, so they end a batch and are all that a resumed command has left.
    fn give_up(&self, last: &str) -> ModelError {
        let attempts = self.config.attempts;
        let failures = self.consecutive_failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= MAX_CONSECUTIVE_FAILURES {
            let probe = probe();
            let body = wire::body(&self.config.model, &probe).to_string();
            match self.send_once(&body, &probe) {
                Ok(_) | Err(SendError::Permanent(ModelError::InvalidRequest(_))) => {
                    self.consecutive_failures.store(0, Ordering::Relaxed);
                }
                Err(SendError::Transient(_)) => {
                    return self.unavailable(&format!(
                        "{failures} requests in a row failed after {attempts} attempts each; last \
                         error: {last}"
                    ));
                }
                Err(SendError::Permanent(error)) => return error,
            }
        }
        ModelError::Failed(self.of_server(&format!(
            "no reply after {attempts} attempts; last error: {last}"
        )))
    }

    /// Closes the limiter: no further request is sent to the server.
    fn unavailable(&self, why: &str) -> ModelError {
        let error = ModelError::Unavailable(self.of_server(why));
        self.limiter.close(error.clone());
        error
    }

    fn of_server(&self, what: &str) -> String {
        format!("server `{}`: {what}", self.config.base_url)
    }

    fn unsupported(&self, what: &str) -> ModelError {
        let what = format!(
            "a server does not provide {what}; bind the model with `source` instead of `server`"
        );
        ModelError::InvalidRequest(self.of_server(&what))
    }
}

/// A request that any server can answer.
fn probe() -> ChatRequest {
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

/// Why one attempt failed.
enum SendError {
    Transient(String),
    Permanent(ModelError),
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
                        // The receiver outlives the workers. A reply that was not received yet may
                        // be lost, so until then the worker sends no further request.
                        let (received, is_received) = mpsc::channel::<()>();
                        let _ = sender.send((number, self.send_with_retries(request), received));
                        let _ = is_received.recv();
                    }
                });
            }
            drop(sender);
            for (number, outcome, received) in outcomes {
                if done(number, outcome).is_break() {
                    next.store(requests.len(), Ordering::Relaxed);
                }
                drop(received);
            }
        });
    }

    fn embed(&self, requests: &[EmbedRequest]) -> Vec<Result<HiddenStates, ModelError>> {
        requests
            .iter()
            .map(|_| Err(self.unsupported("hidden states")))
            .collect()
    }

    fn tensor(&self, _name: &str) -> Result<TensorData, ModelError> {
        Err(self.unsupported("tensors"))
    }
}
