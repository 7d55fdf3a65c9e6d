//! The trait that gives responses their scores, and what it returns.

mod agreement;
mod comparison;
mod metrics;
mod output;

use tpo_types::{Failure, ResponseGroup, ScoreRange};

pub use agreement::{InterJudgeAgreement, InterJudgeMetrics, Tally};
pub(crate) use comparison::reversed;
pub use comparison::{ComparisonMetrics, ComparisonOutcome};
pub use metrics::JudgeMetrics;
pub use output::JudgeOutput;

/// What scores can be compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScoreScale {
    /// Scores of different calls and models, in a range if the judges say so.
    Absolute(Option<ScoreRange>),
    /// Only scores of one group of responses: they come from comparisons within it.
    WithinGroup,
}

/// Scores responses, with one judge or several.
pub trait Scoring {
    /// What its scores can be compared with.
    fn scale(&self) -> ScoreScale;

    /// One judgment per response, in the order of the groups.
    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<JudgeOutput, Failure>;
}
