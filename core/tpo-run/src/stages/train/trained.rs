//! What training made.

use crate::metrics::TrainMetrics;
use crate::policy::Policy;

/// What training made.
#[derive(Debug)]
pub(crate) struct Trained {
    /// The next policy: the last model, or the best of those that were measured on the way.
    pub policy: Policy,
    /// Means over the last epoch before it.
    pub metrics: TrainMetrics,
}
