//! Asks for a thought and then an answer.
//!
//! The answer comes after `Answer:`, where the parser splits the completion. Template and parser are
//! one component, so that they agree on the marker.

use tpo_plugin::{
    Completion, Message, NoConfig, Parts, Plugin, Prompt, RenderRequest, ResponseParser,
    ThoughtTemplate,
};

const MARKER: &str = "Answer:";
const REQUEST: &str =
    "Think about this first, in a few sentences. Then write `Answer:` followed by your answer.";

struct ThinkThenAnswer;

impl Plugin for ThinkThenAnswer {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl ThoughtTemplate for ThinkThenAnswer {
    fn render(&self, request: &RenderRequest) -> Result<Prompt, String> {
        let (last, before) = request
            .instruction
            .messages
            .split_last()
            .ok_or("no message")?;
        let asked = Message {
            content: format!("{}\n\n{REQUEST}", last.content),
            ..last.clone()
        };
        Ok(Prompt {
            messages: [before, &[asked]].concat(),
            response_marker: Some(MARKER.into()),
            ..Prompt::default()
        })
    }
}

impl ResponseParser for ThinkThenAnswer {
    fn parse(&self, completion: &Completion) -> Result<Parts, String> {
        let (thought, response) = completion.text.split_once(MARKER).ok_or("no answer")?;
        let response = response.trim();
        if response.is_empty() {
            return Err("empty answer".into());
        }
        Ok(Parts {
            thought: Some(thought.trim().into()),
            response: response.into(),
        })
    }
}

tpo_plugin::export_thought_format!(ThinkThenAnswer);

/// `cargo test` runs these natively, without a component.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_understood() {
        let text = "It is a colour.\nAnswer: Red.".to_owned();
        let parts = ThinkThenAnswer
            .parse(&Completion {
                text,
                truncated: false,
                extra: Vec::new(),
            })
            .expect("parts");
        assert_eq!(
            (parts.thought.as_deref(), &*parts.response),
            (Some("It is a colour."), "Red.")
        );
    }
}
