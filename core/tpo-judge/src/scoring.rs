//! The trait that gives responses their scores, and what it returns.

mod agreement;
mod comparison;
mod metrics;
mod output;

use tpo_types::{Failure, ResponseGroup};

pub use agreement::{InterJudgeAgreement, InterJudgeMetrics, Tally};
pub(crate) use comparison::reversed;
pub use comparison::{ComparisonMetrics, ComparisonOutcome};
pub use metrics::JudgeMetrics;
pub use output::JudgeOutput;

/// Scores responses, with one judge or several.
pub trait Scoring {
    /// One judgment per response, in the order of the groups.
    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<JudgeOutput, Failure>;
}
