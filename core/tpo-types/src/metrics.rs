//! What one optimizer step reports.

use serde::{Deserialize, Serialize};

/// Figures of one optimizer step, under the names TRL gives them. Means over the step's pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Which step of the iteration, from 1.
    pub step: usize,
    /// How many passes over the pairs are done, fractional.
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
    /// Share of pairs whose margin is positive.
    #[serde(rename = "rewards/accuracies")]
    pub rewards_accuracies: f64,
    /// Summed log-probability of the chosen completion under the policy.
    #[serde(rename = "logps/chosen")]
    pub logps_chosen: f64,
    /// Summed log-probability of the rejected completion under the policy.
    #[serde(rename = "logps/rejected")]
    pub logps_rejected: f64,
    /// Euclidean norm of the gradient before clipping.
    pub grad_norm: f64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// Tokens trained on so far, prompts included.
    pub num_tokens: u64,
}
