//! The metrics of a step, with the names and definitions of TRL.

use tpo_types::{StepMetrics, TrainingPair};

use crate::gradient::PairResult;

/// Counts steps, pairs and tokens.
#[derive(Debug)]
pub(crate) struct StepCounter {
    pairs_per_epoch: usize,
    steps: usize,
    pairs: usize,
    tokens: u64,
}

impl StepCounter {
    /// Before the first step.
    pub(crate) fn new(pairs_per_epoch: usize) -> Self {
        Self {
            pairs_per_epoch,
            steps: 0,
            pairs: 0,
            tokens: 0,
        }
    }

    /// Counts a step over `batch` and reports it.
    pub(crate) fn step(
        &mut self,
        batch: &[&TrainingPair],
        results: &[PairResult],
        grad_norm: f64,
        learning_rate: f64,
    ) -> StepMetrics {
        self.steps += 1;
        self.pairs += batch.len();
        self.tokens += batch.iter().map(|pair| num_tokens(pair)).sum::<u64>();
        let mean = |of: &dyn Fn(&PairResult) -> f64| {
            results.iter().map(of).sum::<f64>() / results.len() as f64
        };
        StepMetrics {
            step: self.steps,
            epoch: self.pairs as f64 / self.pairs_per_epoch as f64,
            loss: mean(&|pair| pair.loss.loss),
            rewards_chosen: mean(&|pair| pair.loss.reward_chosen),
            rewards_rejected: mean(&|pair| pair.loss.reward_rejected),
            rewards_margins: mean(&|pair| pair.loss.margin()),
            rewards_accuracies: mean(&|pair| f64::from(u8::from(pair.loss.margin() > 0.0))),
            logps_chosen: mean(&|pair| pair.log_probs.chosen),
            logps_rejected: mean(&|pair| pair.log_probs.rejected),
            grad_norm,
            learning_rate,
            num_tokens: self.tokens,
        }
    }
}

/// Tokens of both sequences of a pair; the prompt is in each.
fn num_tokens(pair: &TrainingPair) -> u64 {
    (2 * pair.prompt_ids.len() + pair.chosen.token_ids.len() + pair.rejected.token_ids.len()) as u64
}
