//! A model's chat template: the Jinja program in its files that turns a conversation into text.
//!
//! Rendering matches transformers, so that prompts are those that the model was trained on. The
//! program is not trusted: its work is bounded.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind, Value, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use tpo_types::{Failure, FailureKind, Message};

mod json;

const NAME: &str = "chat template";

/// Fuel of one rendering: one unit per instruction and per 64 bytes of output, so text and memory
/// are limited to 128 MiB. A conversation of a hundred messages takes a few thousand.
const FUEL: u64 = 2_000_000;

/// A compiled chat template.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    /// The model, for messages.
    origin: String,
}

impl ChatTemplate {
    /// Compiles a template. `origin` names the model in messages; `special_tokens` are the
    /// variables, for example `bos_token`, that transformers gives to templates in addition to
    /// the messages.
    pub(crate) fn new(
        source: String,
        origin: String,
        special_tokens: impl Iterator<Item = (&'static str, String)>,
    ) -> Result<Self, Failure> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_filter(
            "tojson",
            |value: Serde<serde_json::Value>, options: Kwargs| {
                options.assert_all_used()?;
                Ok::<_, Error>(json::as_python_writes(&value.0))
            },
        );
        environment.add_function(
            "raise_exception",
            |message: String| -> Result<Value, Error> {
                Err(Error::new(ErrorKind::InvalidOperation, message))
            },
        );
        // No `strftime_now`: templates with today's date in the prompt fall back to a fixed date,
        // so a run has the same prompts on any day.
        for (name, token) in special_tokens {
            environment.add_global(name, token);
        }
        let refused = |error: Error| {
            Failure::new(
                FailureKind::Input,
                format!("the chat template of `{origin}` cannot be parsed"),
            )
            .because(error)
            .hint("the template is malformed or uses an unsupported extension of Jinja")
        };
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(refused)?;
        environment.set_syntax(syntax);
        environment
            .add_template_owned(NAME, source.clone())
            .map_err(refused)?;
        Ok(Self {
            environment,
            source,
            origin,
        })
    }

    /// The template's source.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The conversation as text, up to its last turn or, with `generation_prompt`, up to the start
    /// of the assistant's next turn.
    pub(crate) fn render(
        &self,
        messages: &[Message],
        generation_prompt: bool,
    ) -> Result<String, Failure> {
        let variables = context! {
            messages => Value::from(Serde(messages)),
            add_generation_prompt => generation_prompt,
        };
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render(variables))
            .map_err(|error| {
                let what = match error.kind() {
                    ErrorKind::OutOfFuel => format!(
                        "the chat template of `{}` does not terminate",
                        self.origin
                    ),
                    _ => format!(
                        "the chat template of `{}` rejects the messages",
                        self.origin
                    ),
                };
                Failure::new(FailureKind::Input, what).because(error).hint(
                    "some models allow no system message, or require alternating user and assistant \
                     messages",
                )
            })
    }
}

#[cfg(test)]
mod tests;
