//! A parsed completion.

use serde::{Deserialize, Serialize};

use crate::{Completion, Judgment};

/// The two parts of a completion's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What the model thought; none where the format has no thought.
    pub thought: Option<String>,
    /// What the model answers: all that a judge sees.
    pub response: String,
}

/// What a parser makes of a completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParseOutcome {
    /// It has the expected form.
    Parsed(Parts),
    /// It has not; a short reason that is counted.
    Malformed(String),
}

/// One of the `K` completions of an instruction, after parsing.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What the model wrote.
    pub completion: Completion,
    /// What the parser made of it.
    pub outcome: ParseOutcome,
    /// Tokens of the thought; 0 where there is none.
    pub thought_tokens: u32,
    /// Tokens of the response; of the whole completion where it is malformed.
    pub response_tokens: u32,
    /// The judge's word; none before judging and for malformed completions.
    pub judgment: Option<Judgment>,
}

impl Candidate {
    /// The parts, where the completion parsed.
    pub fn parts(&self) -> Option<&Parts> {
        match &self.outcome {
            ParseOutcome::Parsed(parts) => Some(parts),
            ParseOutcome::Malformed(_) => None,
        }
    }

    /// The score, where the candidate has one.
    pub fn score(&self) -> Option<f64> {
        match self.judgment.as_ref()? {
            Judgment::Scored(scored) => Some(scored.score.get()),
            Judgment::Unscored(_) => None,
        }
    }
}
