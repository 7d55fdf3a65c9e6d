//! A parsed completion.

use serde::{Deserialize, Serialize};

use crate::{Completion, Judgment};

/// The two parts of a completion's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The thought; none if the format has no thought.
    pub thought: Option<String>,
    /// The response: the only part that a judge sees.
    pub response: String,
}

/// How a completion parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParseOutcome {
    /// It has the expected format.
    Parsed(Parts),
    /// It does not; a short reason, which reports count.
    Malformed(String),
}

/// One of the `K` completions of an instruction, after parsing.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The completion.
    pub completion: Completion,
    /// How it parsed.
    pub outcome: ParseOutcome,
    /// Tokens of the thought; 0 if there is none.
    pub thought_tokens: u32,
    /// Tokens of the response; of the whole completion if it is malformed.
    pub response_tokens: u32,
    /// The judgment; none before judging and for malformed completions.
    pub judgment: Option<Judgment>,
}

impl Candidate {
    /// The parts, if the completion parsed.
    pub fn parts(&self) -> Option<&Parts> {
        match &self.outcome {
            ParseOutcome::Parsed(parts) => Some(parts),
            ParseOutcome::Malformed(_) => None,
        }
    }

    /// The score, if the candidate has one.
    pub fn score(&self) -> Option<f64> {
        match self.judgment.as_ref()? {
            Judgment::Scored(scored) => Some(scored.score.get()),
            Judgment::Unscored(_) => None,
        }
    }
}

/// The `K` candidates of one instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateGroup {
    /// The instruction's id.
    pub instruction_id: String,
    /// In sampling order. `K` long.
    pub candidates: Vec<Candidate>,
}
