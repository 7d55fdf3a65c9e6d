//! Scoring in batches, stopped when too many responses are unscored.

use tpo_types::{Failure, ModelService, ResponseGroup};

use crate::scoring::{JudgeOutput, Scoring};
use crate::unscored::Guard;

/// Responses in one batch.
const BATCH: usize = 4096;
/// The same for judges that ask models, which may be slow or unreachable: as many as a server may
/// be sent at once.
const BATCH_WITH_MODELS: usize = 256;

/// Scoring that stops when too many of the last responses are unscored.
pub struct GuardedScoring<'a> {
    /// The judges.
    pub scoring: &'a dyn Scoring,
    /// The models that the judges ask, if any are bound.
    pub models: Option<&'a dyn ModelService>,
    /// The largest fraction of unscored responses that is tolerated.
    pub max_unscored: f64,
}

impl GuardedScoring<'_> {
    /// Scores in batches, so that a judge that fails on most responses is noticed before it was
    /// given all of them; `on_judged` is called with the number of responses of every batch. If too
    /// many are unscored, the models' replies for the last judgments are forgotten: users resume
    /// after they fixed something, and the old replies would only stop the run again.
    pub fn score(
        &self,
        groups: &[ResponseGroup<'_>],
        on_judged: &dyn Fn(usize),
    ) -> Result<JudgeOutput, Failure> {
        let batch_size = if self.models.is_some() {
            BATCH_WITH_MODELS
        } else {
            BATCH
        };
        let mut guard = Guard::new(self.max_unscored);
        let mut output = JudgeOutput::default();
        let mut rest = groups;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(groups_in_batch(rest, batch_size));
            let mark = self.models.map(ModelService::mark);
            let scored = self.scoring.score(batch)?;
            on_judged(scored.judgments.iter().map(Vec::len).sum());
            guard.record(scored.judgments.iter().flatten(), mark);
            if let Err(failure) = guard.check() {
                if let (Some(models), Some(mark)) = (self.models, guard.first_mark()) {
                    models.forget_since(mark)?;
                }
                return Err(failure);
            }
            output.append(scored);
            rest = later;
        }
        Ok(output)
    }
}

/// How many of the first groups make a batch of at least `responses`; one at least.
fn groups_in_batch(groups: &[ResponseGroup<'_>], responses: usize) -> usize {
    let mut sum = 0;
    let last = groups.iter().position(|group| {
        sum += group.responses.len();
        sum >= responses
    });
    last.map_or(groups.len(), |last| last + 1)
}
