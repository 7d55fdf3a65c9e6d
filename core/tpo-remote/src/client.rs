//! One HTTP request, sent once, and what its status means.
//!
//! The key goes into one header and into no message: where a server repeats it, it is redacted.

use std::env::{self, VarError};
use std::fmt::Display;
use std::time::Duration;

use tpo_http::{Secret, read_body, read_start, retry_after};
use tpo_types::{Failure, FailureKind};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::{RemoteConfig, wire};

/// The largest reply, in bytes.
const MAX_REPLY: u64 = 16 << 20;
/// How many bytes of the body of an error are read.
const MAX_ERROR_BODY: u64 = 64 << 10;
/// The most characters of a server's error message that are shown.
const MAX_MESSAGE_CHARS: usize = 300;

pub(crate) struct Client {
    agent: Agent,
    url: String,
    key: Option<Key>,
}

struct Key {
    /// The environment variable that holds it.
    variable: String,
    secret: Secret,
}

/// Why a request got no reply. Neither the key nor the server's address is in the texts.
pub(crate) enum PostError {
    /// A retry may succeed.
    Retryable {
        reason: String,
        /// The delay that the server asked for.
        retry_after: Option<Duration>,
    },
    /// Every request would fail in this way.
    Unavailable(String),
    /// The server does not accept this request.
    Rejected(String),
}

impl Client {
    /// Reads the key; nothing is sent yet.
    pub(crate) fn new(config: &RemoteConfig) -> Result<Self, Failure> {
        let agent = tpo_http::client(&config.host())
            .max_idle_connections_per_host(config.concurrency as usize)
            .timeout_connect(Some(Duration::from_secs(config.connect_seconds)))
            .timeout_global(Some(Duration::from_secs(config.timeout_seconds)));
        Ok(Self {
            agent: agent.build().new_agent(),
            url: format!("{}/chat/completions", config.base_url.trim_end_matches('/')),
            key: config.api_key_env.as_deref().map(Key::read).transpose()?,
        })
    }

    /// Sends a request and returns the body of a response with status 200.
    pub(crate) fn post(&self, body: &str) -> Result<Vec<u8>, PostError> {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {}", key.secret.expose()));
        }
        let mut response = request.send(body).map_err(|error| self.lost(&error))?;
        if response.status() != StatusCode::OK {
            return Err(self.error_of(&mut response));
        }
        read_body(&mut response, MAX_REPLY).map_err(|error| self.lost(&error))
    }

    fn lost(&self, error: &dyn Display) -> PostError {
        PostError::Retryable {
            reason: self.redacted(&error.to_string()),
            retry_after: None,
        }
    }

    fn error_of(&self, response: &mut Response<Body>) -> PostError {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = read_start(response, MAX_ERROR_BODY).unwrap_or_default();
        let reason = format!(
            "HTTP status {status}: {}",
            self.redacted(&wire::error_message(&body))
        );
        match status {
            408 | 409 | 425 | 429 | 500.. => PostError::Retryable {
                reason,
                retry_after,
            },
            300..=399 => PostError::Unavailable(format!(
                "{reason}; redirects are not followed: set `base_url` to the address it redirects \
                 to"
            )),
            401 | 403 => PostError::Unavailable(format!("{reason}; {}", self.key_sent())),
            404 | 405 => PostError::Unavailable(format!("{reason}; check `base_url` and `model`")),
            _ => PostError::Rejected(reason),
        }
    }

    fn key_sent(&self) -> String {
        match &self.key {
            Some(key) => format!(
                "the key in the environment variable `{}` was sent",
                key.variable
            ),
            None => "no key was sent: set `api_key_env` to the environment variable that holds one"
                .into(),
        }
    }

    /// Foreign text without the key, and not too long.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let text = match &self.key {
            Some(key) => key.secret.redact(text, "[key]"),
            None => text.to_owned(),
        };
        text.chars().take(MAX_MESSAGE_CHARS).collect()
    }
}

impl Key {
    fn read(variable: &str) -> Result<Self, Failure> {
        let unusable = |what: &str| {
            let what = format!("the environment variable `{variable}` (`api_key_env`) {what}");
            Failure::new(FailureKind::Usage, what)
        };
        let secret = env::var(variable).map_err(|error| match error {
            VarError::NotPresent => {
                unusable("is not set").hint("set it to the server's key; tpo does not store it")
            }
            VarError::NotUnicode(_) => unusable("is not valid Unicode"),
        })?;
        let secret = secret.trim().to_owned();
        if secret.is_empty() || secret.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(unusable(
                "does not hold a key: it is empty, or contains spaces or control characters",
            ));
        }
        Ok(Self {
            variable: variable.to_owned(),
            secret: Secret::new(secret),
        })
    }
}
