//! The metrics of an optimizer step.

use serde::{Deserialize, Serialize};

/// Metrics of one optimizer step, under TRL's names. Means over the pairs of the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Step of the iteration, from 1.
    pub step: usize,
    /// Epochs completed, as a fraction.
    pub epoch: f64,
    /// The loss.
    pub loss: f64,
    /// `beta * (log pi(chosen) - log ref(chosen))`.
    #[serde(rename = "rewards/chosen")]
    pub rewards_chosen: f64,
    /// `beta * (log pi(rejected) - log ref(rejected))`.
    #[serde(rename = "rewards/rejected")]
    pub rewards_rejected: f64,
    /// `rewards/chosen - rewards/rejected`.
    #[serde(rename = "rewards/margins")]
    pub rewards_margins: f64,
    /// Fraction of pairs whose margin is positive.
    #[serde(rename = "rewards/accuracies")]
    pub rewards_accuracies: f64,
    /// Summed log-probability of the chosen completion under the policy.
    #[serde(rename = "logps/chosen")]
    pub logps_chosen: f64,
    /// Summed log-probability of the rejected completion under the policy.
    #[serde(rename = "logps/rejected")]
    pub logps_rejected: f64,
    /// L2 norm of the gradient before clipping.
    pub grad_norm: f64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// Tokens trained on so far, prompts included.
    pub num_tokens: u64,
}
