//! What a judge made of a subject of an evaluation: its outcomes, and what it said of each
//! response.

use serde::{Deserialize, Serialize};
use tpo_types::{Judgment, Verdict};

use super::Measurement;

/// What a judge made of a subject's responses to a set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JudgedSubject {
    /// An outcome per instruction. It names the subject and its opponents.
    pub measurement: Measurement<String>,
    /// What a judge that scores said of each response that parsed.
    pub judgments: Vec<JudgedResponse>,
    /// What a judge that compares said of each response beside the opponent's.
    pub comparisons: Vec<ComparedSample>,
}

impl JudgedSubject {
    /// Whether the judge said something of every response. Where it failed, it is asked again by
    /// the next start.
    pub(crate) fn is_complete(&self) -> bool {
        let mut judgments = self.judgments.iter();
        let mut comparisons = self.comparisons.iter();
        judgments.all(|one| matches!(one.judgment, Judgment::Scored(_)))
            && comparisons.all(|one| one.win.is_some())
    }
}

/// A judgment of a response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JudgedResponse {
    /// The instruction's id.
    pub id: String,
    /// Which of its completions.
    pub index: usize,
    /// What the judge said.
    pub judgment: Judgment,
}

/// A model's response to an instruction beside another model's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ComparedSample {
    /// The instruction's id.
    pub id: String,
    /// Which of the responses to the instruction, from 0.
    pub index: usize,
    /// 1 if the response won in both orders, 0 if it lost in both, one half otherwise; none if the
    /// judge failed. A malformed completion loses against any response without being shown.
    pub win: Option<f64>,
    /// The verdicts of both orders; none if one of the two is malformed, or if several judges
    /// decided together.
    pub verdicts: Option<BothVerdicts>,
}

/// The verdicts of a comparison in both orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BothVerdicts {
    /// The model's own response shown first.
    pub own_first: Verdict,
    /// The other model's response shown first.
    pub other_first: Verdict,
}
