//! The thought prompts of the paper, word for word.

use serde::Deserialize;
use tpo_plugin::{JsonSchema, schemars};

use crate::format::{Format, Marked, Opening, PromptText};
use crate::marker::Marker;

/// A thought format of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Preset {
    /// Thoughts of any kind, between two markers that the prompt announces.
    #[default]
    Generic,
    /// A draft response and its evaluation, then the response after `<R>`.
    Specific,
    /// The bare instruction, without a thought: the baseline for thinking.
    Direct,
}

const GENERIC: &str = "\
Respond to the following user query in a comprehensive and detailed way. You can write down your \
thought process before responding. Write your thoughts after \"Here is my thought process:\" and \
write your response after \"Here is my response:\".

User query: {instruction}";

const SPECIFIC: &str = "\
Respond to the following user query in a comprehensive and detailed way. But first write down \
your internal thoughts. This must include your draft response and its evaluation. After this, \
write your final response after \"<R>\".

User query: {instruction}";

impl Preset {
    /// The name in configurations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Specific => "specific",
            Self::Direct => "direct",
        }
    }

    /// The format, with or without the prefill, if it has one.
    pub(crate) fn format(self, prefill: bool) -> Format {
        match self {
            Self::Generic => Format::Marked(Marked {
                text: PromptText::new(GENERIC),
                thought: Some(Opening {
                    marker: Marker::new("Here is my thought process:"),
                    prefill,
                }),
                response: Marker::new("Here is my response:"),
            }),
            Self::Specific => Format::Marked(Marked {
                text: PromptText::new(SPECIFIC),
                thought: None,
                response: Marker::new("<R>"),
            }),
            Self::Direct => Format::Direct,
        }
    }
}
