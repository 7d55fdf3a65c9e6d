//! Constructors and accessors for the contract's records.

use serde::de::DeserializeOwned;

use crate::{Instruction, Judgment, Message, Preference, Scored, Verdict};

impl Instruction {
    /// A field of the data set's row that has no field in the contract, read as `T`; none if the
    /// row has no such field or it is null.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        match self.metadata.iter().find(|(key, _)| key == name) {
            Some((_, json)) => {
                serde_json::from_str(json).map_err(|error| format!("field `{name}`: {error}"))
            }
            None => Ok(None),
        }
    }

    /// The user's message, or a conversation of several turns, each with its speaker's name.
    pub fn text(&self) -> String {
        if let [only] = self.messages.as_slice() {
            return only.content.clone();
        }
        let turn = |message: &Message| {
            let speaker = match message.role.as_str() {
                "system" => "System",
                "assistant" => "Assistant",
                _ => "User",
            };
            format!("{speaker}: {}", message.content)
        };
        self.messages
            .iter()
            .map(turn)
            .collect::<Vec<_>>()
            .join("\n\n")
    }
}

impl Scored {
    /// A score without a rationale or aspects. The host refuses one that is not finite.
    pub fn new(value: f64) -> Self {
        Self {
            value,
            rationale: None,
            aspects: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// A score of 1 for a right response and 0 for a wrong one.
    pub fn pass_fail(is_right: bool) -> Self {
        Self::new(f64::from(u8::from(is_right)))
    }

    /// Adds an aspect that is 1 if `holds`, else 0.
    #[must_use]
    pub fn flag(self, name: impl Into<String>, holds: bool) -> Self {
        self.aspect(name, f64::from(u8::from(holds)))
    }

    /// Adds a named part of the score.
    #[must_use]
    pub fn aspect(mut self, name: impl Into<String>, value: f64) -> Self {
        self.aspects.push((name.into(), value));
        self
    }

    /// Adds a rationale, for people.
    #[must_use]
    pub fn because(mut self, rationale: impl Into<String>) -> Self {
        self.rationale = Some(rationale.into());
        self
    }
}

impl From<Scored> for Judgment {
    fn from(scored: Scored) -> Self {
        Self::Score(scored)
    }
}

impl From<Result<Scored, String>> for Judgment {
    /// The score, or the reason why there is none.
    fn from(outcome: Result<Scored, String>) -> Self {
        outcome.map_or_else(Self::Unscored, Self::Score)
    }
}

impl Judgment {
    /// The judge cannot score the response. The reason is a short phrase that is counted.
    pub fn unscored(reason: impl Into<String>) -> Self {
        Self::Unscored(reason.into())
    }
}

impl From<Preference> for Verdict {
    /// The preference, without a strength, a probability or a rationale.
    fn from(preference: Preference) -> Self {
        Self {
            preference,
            strength: None,
            first_probability: None,
            rationale: None,
            extra: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_several_messages_get_speakers() {
        let message = |role: &str, content: &str| Message {
            role: role.into(),
            content: content.into(),
        };
        let mut instruction = Instruction {
            messages: vec![message("user", "Hi")],
            ..Instruction::default()
        };
        assert_eq!(instruction.text(), "Hi");
        instruction
            .messages
            .extend([message("assistant", "Yes?"), message("user", "Bye")]);
        assert_eq!(
            instruction.text(),
            "User: Hi\n\nAssistant: Yes?\n\nUser: Bye"
        );
    }
}
