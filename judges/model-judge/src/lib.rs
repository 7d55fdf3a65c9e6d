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

/// A placeholder of a template, and what takes its place.
#[derive(Debug, Clone, Copy)]
pub struct Placeholder<'a> {
    /// How it is written in the template, for example `{input}`.
    pub name: &'a str,
    /// What takes its place.
    pub value: &'a str,
}

/// The template with each placeholder replaced by its value, in one pass: a placeholder that is
/// part of a value stays as it is.
pub fn fill(template: &str, placeholders: &[Placeholder<'_>]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    loop {
        let next = placeholders
            .iter()
            .filter_map(|placeholder| Some((rest.find(placeholder.name)?, placeholder)))
            .min_by_key(|&(at, _)| at);
        let Some((at, placeholder)) = next else {
            filled.push_str(rest);
            return filled;
        };
        filled.push_str(&rest[..at]);
        filled.push_str(placeholder.value);
        rest = &rest[at + placeholder.name.len()..];
    }
}

fn message(role: &str, content: String) -> Message {
    Message {
        role: role.into(),
        content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_one_pass() {
        let place = |name, value| Placeholder { name, value };
        let values = [place("{a}", "1 {b}"), place("{b}", "2 {a}")];
        assert_eq!(
            fill("{b}, {c}, {a}, {b}.", &values),
            "2 {a}, {c}, 1 {b}, 2 {a}."
        );
        assert_eq!(fill("{a", &values), "{a");
        assert_eq!(fill("", &values), "");
    }
}
