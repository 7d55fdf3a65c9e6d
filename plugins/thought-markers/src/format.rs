//! A checked thought format, and how it renders prompts.
//!
//! Incomplete formats cannot be built: a prefill exists only together with its thought marker.

use tpo_plugin::{Instruction, Message, Prompt};

use crate::marker::Marker;

/// The place of the instruction in a prompt.
const PLACE: &str = "{instruction}";

/// How to prompt the model, and how to split its completion.
#[derive(Debug, PartialEq)]
pub(crate) enum Format {
    /// The bare instruction; the whole completion is the response.
    Direct,
    /// A prompt that asks for a thought and a response, separated by markers.
    Marked(Marked),
}

/// A format with markers.
#[derive(Debug, PartialEq)]
pub(crate) struct Marked {
    /// The prompt.
    pub(crate) text: PromptText,
    /// The thought's marker; without it the thought begins with the completion.
    pub(crate) thought: Option<Opening>,
    /// The response's marker.
    pub(crate) response: Marker,
}

/// The beginning of a thought.
#[derive(Debug, PartialEq)]
pub(crate) struct Opening {
    /// The marker.
    pub(crate) marker: Marker,
    /// Whether the marker is a prefill.
    pub(crate) prefill: bool,
}

/// A prompt text with a place for the instruction.
#[derive(Debug, PartialEq)]
pub(crate) struct PromptText(String);

impl PromptText {
    /// Without `{instruction}`, the instruction follows after a blank line.
    pub(crate) fn new(text: &str) -> Self {
        if text.contains(PLACE) {
            Self(text.into())
        } else {
            Self(format!("{}\n\n{PLACE}", text.trim_end()))
        }
    }

    fn fill(&self, instruction: &str) -> String {
        self.0.replace(PLACE, instruction)
    }
}

impl Format {
    pub(crate) fn has_thought_marker(&self) -> bool {
        matches!(
            self,
            Self::Marked(Marked {
                thought: Some(_),
                ..
            })
        )
    }

    /// The prompt of one instruction: its last turn is rewritten; earlier turns and a system
    /// message stay as they are.
    pub(crate) fn render(&self, instruction: &Instruction) -> Result<Prompt, String> {
        let mut messages = instruction.messages.clone();
        let Some(last @ Message { .. }) = messages.last_mut().filter(|last| last.role == "user")
        else {
            return Err("the last turn is not the user's".into());
        };
        let Self::Marked(marked) = self else {
            return Ok(Prompt {
                messages,
                ..Prompt::default()
            });
        };
        last.content = marked.text.fill(&last.content);
        let opening = marked.thought.as_ref().filter(|opening| opening.prefill);
        Ok(Prompt {
            messages,
            prefill: opening.map(|opening| opening.marker.written()),
            // The blank line separates the marker from a thought that was cut off.
            response_marker: Some(format!("\n\n{}", marked.response.written())),
            ..Prompt::default()
        })
    }
}
