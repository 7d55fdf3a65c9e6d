//! Scoring with a judge that scores each response by itself.

use tpo_types::{Failure, Judge, ResponseGroup};

use crate::scoring::{JudgeOutput, ScoreScale, Scoring};

/// Scores each response by itself.
pub struct Pointwise(Box<dyn Judge>);

impl Pointwise {
    /// Scoring with `judge`.
    pub fn new(judge: impl Judge + 'static) -> Self {
        Self(Box::new(judge))
    }
}

impl Scoring for Pointwise {
    fn scale(&self) -> ScoreScale {
        ScoreScale::Absolute(self.0.score_range())
    }

    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<JudgeOutput, Failure> {
        Ok(JudgeOutput {
            judgments: self.0.score(groups)?,
            ..JudgeOutput::default()
        })
    }
}
