//! What the judges that ask a chat model share: how they ask it.
//!
//! A judge writes the prompt and reads the reply. It must not depend on which model answers.

use tpo_plugin::model::{ChatReply, ChatRequest, ask};
use tpo_plugin::{Error, Message};

/// A chat model, and how its replies are sampled.
#[derive(Debug)]
pub struct ChatModel {
    /// The alias that the run's configuration binds.
    pub alias: String,
    /// The largest number of tokens of a reply.
    pub max_new_tokens: u32,
    /// Sampling temperature of the first request; 0 is greedy.
    pub temperature: f64,
    /// The most requests for one reply, if replies cannot be read.
    pub attempts: u32,
    /// Seed of the sampling.
    pub seed: u64,
}

impl ChatModel {
    /// A conversation of a system message and a user message.
    pub fn request(&self, system: String, user: String) -> ChatRequest {
        ChatRequest {
            model: self.alias.clone(),
            messages: vec![message("system", system), message("user", user)],
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature,
            seed: self.seed,
            ..ChatRequest::default()
        }
    }

    /// Requests replies and reads them; see [`ask`].
    pub fn ask<T>(
        &self,
        requests: Vec<ChatRequest>,
        read: impl Fn(&ChatReply) -> Result<T, String>,
    ) -> Result<Vec<Result<T, String>>, Error> {
        ask(requests, self.attempts, read)
    }
}

fn message(role: &str, content: String) -> Message {
    Message {
        role: role.into(),
        content,
    }
}
