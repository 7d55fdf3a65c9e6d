//! What a script is asked and what it may have the server do.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Outcome, http};

/// A request, as a script sees it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The text of the last turn of the user.
    pub prompt: String,
    /// The body.
    pub body: Value,
    /// How often this very body had come before.
    pub before: usize,
}

/// What the server does with a request.
#[derive(Debug)]
pub enum Conduct {
    /// It answers.
    Reply(Reply),
    /// It closes the connection without a reply.
    HangUp,
    /// It keeps the connection and says nothing until the client closes it.
    Hang,
}

/// An answer of whatever kind, and how it travels.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What it says, where it is what was asked for.
    text: Option<String>,
    delay: Duration,
    delivery: Delivery,
}

/// How the body of an answer travels.
#[derive(Debug)]
enum Delivery {
    Whole,
    Chunked,
    /// In so many pieces, with a pause before each.
    Slow(usize, Duration),
    /// The connection closes in the middle.
    Cut,
}

impl Asked {
    pub(super) fn new(body: &[u8], before: usize) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut messages = body["messages"].as_array().into_iter().flatten();
        let last = messages.rfind(|message| message["role"] == "user");
        let prompt = last
            .and_then(|message| message["content"].as_str())
            .unwrap_or_default()
            .to_owned();
        Self {
            prompt,
            body,
            before,
        }
    }
}

/// How many tokens a prompt and an answer have, as the server counts them.
pub fn tokens(prompt: &str, text: &str) -> [usize; 2] {
    [prompt.len() / 4 + 1, text.len() / 4 + 1]
}

/// The body of a chat completion.
pub fn completion(asked: &Asked, text: &str) -> Value {
    let [read, written] = tokens(&asked.prompt, text);
    json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": asked.body["model"],
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": read, "completion_tokens": written},
    })
}

/// The same with the most probable tokens of each position and their probabilities.
pub fn with_log_probs(mut completion: Value, positions: &[&[(&str, f64)]]) -> Value {
    let token =
        |(token, probability): &(&str, f64)| json!({"token": token, "logprob": probability.ln()});
    let position = |tokens: &&[(&str, f64)]| {
        let top: Vec<Value> = tokens.iter().map(token).collect();
        json!({"token": tokens[0].0, "logprob": tokens[0].1.ln(), "top_logprobs": top})
    };
    completion["choices"][0]["logprobs"] =
        json!({"content": positions.iter().map(position).collect::<Vec<_>>()});
    completion
}

impl Reply {
    /// Bytes that are no answer to what was asked, whatever they look like.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), content_type.into())];
        Self {
            status,
            headers,
            body: body.into(),
            text: None,
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
        }
    }

    /// The same in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// A chat completion, as it should be.
    pub fn good(asked: &Asked, text: &str) -> Self {
        Self::saying(text, &completion(asked, text))
    }

    /// The body of a chat completion that says `text`.
    pub fn saying(text: &str, completion: &Value) -> Self {
        Self {
            text: Some(text.to_owned()),
            ..Self::json(200, completion)
        }
    }

    /// With another header, or another value of one.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Begins to leave so much later.
    #[must_use]
    pub fn late(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// In chunks, without a length.
    #[must_use]
    pub fn chunked(self) -> Self {
        Self {
            delivery: Delivery::Chunked,
            ..self
        }
    }

    /// In so many pieces, with a pause before each.
    #[must_use]
    pub fn slow(self, pieces: usize, pause: Duration) -> Self {
        Self {
            delivery: Delivery::Slow(pieces, pause),
            ..self
        }
    }

    /// Ends in the middle.
    #[must_use]
    pub fn cut(self) -> Self {
        Self {
            delivery: Delivery::Cut,
            ..self
        }
    }

    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// What a client gets that waits for all of it.
    pub(super) fn outcome(&self) -> Outcome {
        match (&self.text, &self.delivery) {
            (Some(text), Delivery::Whole | Delivery::Chunked | Delivery::Slow(..)) => {
                Outcome::Answered(text.clone())
            }
            _ => Outcome::Unanswered,
        }
    }

    /// Sends it. Tells whether the connection can be used again.
    pub(super) fn send(&self, to: &mut impl Write) -> io::Result<bool> {
        let length = ("content-length".to_owned(), self.body.len().to_string());
        let chunked = ("transfer-encoding".to_owned(), "chunked".to_owned());
        let framing = if matches!(self.delivery, Delivery::Chunked) {
            chunked
        } else {
            length
        };
        let mut bytes = http::head(self.status, self.headers.iter().chain([&framing]));
        match self.delivery {
            Delivery::Whole => {
                bytes.extend(&self.body);
                to.write_all(&bytes)?;
            }
            Delivery::Chunked => {
                for chunk in self.body.chunks(self.body.len().div_ceil(3).max(1)) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
                to.write_all(&bytes)?;
            }
            Delivery::Slow(pieces, pause) => {
                to.write_all(&bytes)?;
                for piece in self.body.chunks(self.body.len().div_ceil(pieces).max(1)) {
                    thread::sleep(pause);
                    to.write_all(piece)?;
                }
            }
            Delivery::Cut => {
                bytes.extend(&self.body[..self.body.len() / 2]);
                to.write_all(&bytes)?;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl From<Reply> for Conduct {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}
