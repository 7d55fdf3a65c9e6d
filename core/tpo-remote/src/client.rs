//! One request to the server, sent once, and what its answer means.
//!
//! Nothing is followed elsewhere and no more is read than an answer can hold. The key goes into one
//! header and into no text: where a server repeats it, it is struck out.

use std::env::{self, VarError};
use std::io::Read as _;
use std::time::{Duration, SystemTime};

use tpo_types::{Failure, FailureKind, ModelError};
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::{Agent, Body};

use crate::{RemoteConfig, pause, wire};

/// The most bytes that an answer may have.
const LARGEST: u64 = 16 << 20;
/// The most bytes that are read of a complaint.
const LARGEST_COMPLAINT: u64 = 64 << 10;
/// The most characters of what a server says that are told.
const TOLD: usize = 300;

pub(crate) struct Client {
    agent: Agent,
    url: String,
    key: Option<Key>,
}

struct Key {
    variable: String,
    secret: String,
}

/// What came of a request.
pub(crate) enum Answer {
    /// The body of an answer with status 200.
    Body(Vec<u8>),
    /// It may go well another time.
    Later {
        why: String,
        /// How long the server wants to be left in peace.
        after: Option<Duration>,
    },
    /// It will not.
    Never(ModelError),
}

impl Client {
    pub(crate) fn new(config: &RemoteConfig) -> Result<Self, Failure> {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("tpo/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(config.concurrency as usize)
            .timeout_connect(Some(Duration::from_secs(config.connect_seconds)))
            .timeout_global(Some(Duration::from_secs(config.timeout_seconds)));
        // A proxy cannot reach what listens on this machine.
        let agent = if config.is_here() {
            agent.proxy(None)
        } else {
            agent
        };
        Ok(Self {
            agent: agent.build().new_agent(),
            url: format!("{}/chat/completions", config.base_url.trim_end_matches('/')),
            key: config.api_key_env.as_deref().map(Key::read).transpose()?,
        })
    }

    /// Sends a request. Whatever is told of it has no key in it and does not name the server.
    pub(crate) fn post(&self, body: &str) -> Answer {
        match self.answer(body) {
            Answer::Later { why, after } => Answer::Later {
                why: self.without_key(&why),
                after,
            },
            Answer::Never(ModelError::InvalidRequest(why)) => {
                Answer::Never(ModelError::InvalidRequest(self.without_key(&why)))
            }
            Answer::Never(ModelError::Unavailable(why)) => {
                Answer::Never(ModelError::Unavailable(self.without_key(&why)))
            }
            other => other,
        }
    }

    fn answer(&self, body: &str) -> Answer {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {}", key.secret));
        }
        let lost = |error: &dyn std::fmt::Display| Answer::Later {
            why: error.to_string(),
            after: None,
        };
        let mut response = match request.send(body) {
            Ok(response) => response,
            Err(error) => return lost(&error),
        };
        let status = response.status();
        if status == StatusCode::OK {
            return match read(&mut response, LARGEST) {
                Ok(bytes) if bytes.len() as u64 > LARGEST => Answer::Later {
                    why: format!("its answer is larger than {} MiB", LARGEST >> 20),
                    after: None,
                },
                Ok(bytes) => Answer::Body(bytes),
                Err(error) => lost(&error),
            };
        }
        let after = asked_for(response.headers());
        let complaint = self.tellable(&wire::complaint(
            &read(&mut response, LARGEST_COMPLAINT).unwrap_or_default(),
        ));
        let told = format!("it answered {}: {complaint}", status.as_u16());
        match status.as_u16() {
            408 | 409 | 425 | 429 | 500.. => Answer::Later { why: told, after },
            300..=399 => Answer::Never(ModelError::Unavailable(format!(
                "{told}: it redirects, which is not followed; `base_url` must be where it really is"
            ))),
            401 | 403 => Answer::Never(ModelError::Unavailable(format!(
                "{told}: {}",
                self.about_the_key()
            ))),
            404 | 405 => Answer::Never(ModelError::Unavailable(format!(
                "{told}: check `base_url` and `model`"
            ))),
            _ => Answer::Never(ModelError::InvalidRequest(told)),
        }
    }

    fn about_the_key(&self) -> String {
        match &self.key {
            Some(key) => format!(
                "it was sent the key in the environment variable `{}`",
                key.variable
            ),
            None => {
                "it was sent no key; `api_key_env` names the environment variable that holds one"
                    .into()
            }
        }
    }

    /// What a server says, as it may be told: without the key, and of bearable length.
    pub(crate) fn tellable(&self, text: &str) -> String {
        // Shortened last: a part of the key would not be recognized.
        self.without_key(text).chars().take(TOLD).collect()
    }

    fn without_key(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(&key.secret, "[key]"),
            None => text.to_owned(),
        }
    }
}

impl Key {
    fn read(variable: &str) -> Result<Self, Failure> {
        let unusable = |what: &str| {
            let what =
                format!("the environment variable `{variable}`, which `api_key_env` names, {what}");
            Failure::new(FailureKind::Usage, what)
        };
        let secret = env::var(variable).map_err(|error| match error {
            VarError::NotPresent => {
                unusable("is not set").hint("set it to the server's key; it is kept nowhere")
            }
            VarError::NotUnicode(_) => unusable("is no text"),
        })?;
        let secret = secret.trim().to_owned();
        if secret.is_empty() || secret.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(unusable(
                "holds what can be no key: it is empty, or has blanks or control characters",
            ));
        }
        Ok(Self {
            variable: variable.to_owned(),
            secret,
        })
    }
}

/// Up to `most` bytes and one more, which tells that there are more.
fn read(response: &mut Response<Body>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    response
        .body_mut()
        .as_reader()
        .take(most + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let milliseconds = text("retry-after-ms").and_then(pause::asked_for_milliseconds);
    milliseconds.or_else(|| pause::asked_for(text(RETRY_AFTER.as_str())?, SystemTime::now()))
}
