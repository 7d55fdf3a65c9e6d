//! The unit of lengths.

use serde::{Deserialize, Serialize};
use tpo_plugin::{Candidate, JsonSchema, schemars};

/// The unit of lengths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LengthUnit {
    /// Unicode scalar values.
    #[default]
    Characters,
    /// Tokens of the policy.
    Tokens,
}

impl LengthUnit {
    /// The length of a candidate's response: a whole number.
    pub fn response(self, candidate: &Candidate) -> f64 {
        self.length(&candidate.response, candidate.response_tokens)
    }

    /// The length of a candidate's thought: a whole number, 0 if it has none.
    pub fn thought(self, candidate: &Candidate) -> f64 {
        candidate.thought.as_ref().map_or(0.0, |thought| {
            self.length(thought, candidate.thought_tokens)
        })
    }

    fn length(self, text: &str, tokens: u32) -> f64 {
        match self {
            Self::Characters => text.chars().count() as f64,
            Self::Tokens => f64::from(tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use tpo_plugin::CandidateStatus;

    use super::*;

    #[test]
    fn characters_are_not_bytes_and_a_missing_thought_has_no_length() {
        let candidate = |thought: Option<&str>| Candidate {
            status: CandidateStatus::Scored(0.0),
            thought: thought.map(Into::into),
            response: "größer".into(),
            thought_tokens: 7,
            response_tokens: 2,
            extra: Vec::new(),
        };
        let lengths = |unit: LengthUnit, thought| {
            (
                unit.response(&candidate(thought)),
                unit.thought(&candidate(thought)),
            )
        };
        assert_eq!(lengths(LengthUnit::Characters, Some("…ja")), (6.0, 3.0));
        assert_eq!(lengths(LengthUnit::Tokens, Some("…ja")), (2.0, 7.0));
        assert_eq!(lengths(LengthUnit::Characters, None), (6.0, 0.0));
        assert_eq!(lengths(LengthUnit::Tokens, None), (2.0, 0.0));
    }
}
