//! How training went.

use serde::{Deserialize, Serialize};
use tpo_types::StepMetrics;

use super::mean;

/// Means over the last epoch before the model that was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainMetrics {
    /// Optimizer steps up to the model that was kept.
    pub steps: usize,
    /// Mean DPO loss.
    pub loss: f64,
    /// Mean reward margin.
    pub margin: f64,
    /// Mean fraction of pairs with a positive margin.
    pub accuracy: f64,
}

impl TrainMetrics {
    /// Means over the last `steps_per_epoch` of `steps`, which end with the model that was kept.
    pub(crate) fn of(steps: &[StepMetrics], steps_per_epoch: usize) -> Self {
        let last = steps[steps.len().saturating_sub(steps_per_epoch)..].iter();
        Self {
            steps: steps.len(),
            loss: mean(last.clone().map(|step| step.loss)).unwrap_or(0.0),
            margin: mean(last.clone().map(|step| step.rewards_margins)).unwrap_or(0.0),
            accuracy: mean(last.map(|step| step.rewards_accuracies)).unwrap_or(0.0),
        }
    }
}
