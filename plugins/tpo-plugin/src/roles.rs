//! The five roles, as traits over the contract's own records.
//!
//! Templates and parsers handle one item at a time: the SDK does the batching, so they cannot return
//! a wrong number of outcomes. Judges get the whole batch because models serve requests in batches;
//! selectors get it because they may limit a fraction of all pairs.

use crate::{
    CandidateGroup, Comparison, Completion, Error, Group, Instruction, Judgment, Parts, Plugin,
    Prompt, RenderRequest, Selection, Verdict,
};

/// Renders instructions with a thought prompt.
pub trait ThoughtTemplate: Plugin {
    /// The prompt of one instruction, or why it cannot be rendered.
    fn render(&self, request: &RenderRequest) -> Result<Prompt, String>;
}

/// Splits completions into thought and response.
pub trait ResponseParser: Plugin {
    /// The parts of one completion, or why it is malformed: a short phrase that is counted and does
    /// not quote the text.
    fn parse(&self, completion: &Completion) -> Result<Parts, String>;
}

/// Scores responses.
pub trait Judge: Plugin {
    /// For every group one judgment per response, in order. [`each_response`] is enough for a judge
    /// that scores each response by itself.
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error>;
}

/// Compares two responses to one instruction.
pub trait PairwiseJudge: Plugin {
    /// One verdict per comparison, in order.
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error>;
}

/// Chooses the preference pairs to train on.
pub trait PairSelector: Plugin {
    /// One selection per group, in order.
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error>;
}

/// Judges every response by itself, and returns the judgments by group.
pub fn each_response(
    groups: &[Group],
    mut judge: impl FnMut(&Instruction, &str) -> Judgment,
) -> Vec<Vec<Judgment>> {
    groups
        .iter()
        .map(|group| {
            group
                .responses
                .iter()
                .map(|response| judge(&group.instruction, response))
                .collect()
        })
        .collect()
}
