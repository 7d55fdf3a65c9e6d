//! The trainer on this machine.
//!
//! One flat loop: for every batch forward, loss, backward, clip, update, report. It differs from
//! TRL's DPO trainer in three ways. No reference model is held or run: every pair brings its
//! reference log-probabilities. Nothing is truncated: a pair that does not fit the model is refused
//! by name. And nothing is padded, so a token that the model's configuration calls padding (often
//! the one that ends a turn) is trained like any other.

use std::path::Path;

use tpo_lm::decoder::Decoder;
use tpo_lm::lora::{Adapter, LoraConfig};
use tpo_lm::policy::Policy;
use tpo_types::{Checkpoint, Failure, FailureKind, StepMetrics, Trainer, TrainingPair};

use crate::adamw::AdamW;
use crate::batches::batches;
use crate::checks;
use crate::clip::{clip, global_norm};
use crate::config::{LoraShape, Method, TrainConfig};
use crate::gradient::accumulate;
use crate::metrics::Progress;
use crate::schedule::Schedule;

/// Trains with DPO on the CPU of this machine. The same pairs, configuration and seed make the same
/// bytes, whatever the number of threads.
#[derive(Debug, Clone)]
pub struct LocalTrainer {
    config: TrainConfig,
    seed: u64,
}

impl LocalTrainer {
    /// A trainer with a configuration that [`TrainConfig::check`] let through; `seed` decides the
    /// order of the pairs and a fresh adapter's weights.
    pub fn new(config: TrainConfig, seed: u64) -> Self {
        Self { config, seed }
    }
}

impl Trainer for LocalTrainer {
    fn train(
        &self,
        policy: &Checkpoint,
        pairs: &[TrainingPair],
        into: &Path,
        on_step: &mut dyn FnMut(&StepMetrics) -> Result<(), Failure>,
    ) -> Result<Checkpoint, Failure> {
        let config = &self.config;
        let mut policy = self.open(policy)?;
        checks::check_pairs(pairs, &policy.spec)?;
        let mut optimizer = AdamW::new(config, decoder(&policy).trainable());
        let schedule = Schedule::new(config, config.total_steps(pairs.len()));
        let mut gradient = vec![0.0; decoder(&policy).trainable_len()];
        let mut progress = Progress::new(pairs.len());
        for (step, batch) in batches(pairs, config.batch_size, config.epochs, self.seed).enumerate()
        {
            gradient.fill(0.0);
            let results = accumulate(&decoder(&policy), config, &batch, &mut gradient);
            let grad_norm = global_norm(&gradient);
            checks::check_finite(step + 1, &batch, &results, grad_norm)?;
            if step == 0 {
                checks::check_gradient(
                    optimizer.entries(),
                    trained(&mut policy),
                    &gradient,
                    &results,
                )?;
            }
            clip(&mut gradient, grad_norm, config.max_grad_norm);
            let learning_rate = schedule.learning_rate(step);
            optimizer.step(trained(&mut policy), &gradient, learning_rate);
            on_step(&progress.step(&batch, &results, grad_norm, learning_rate))?;
        }
        checks::check_weights(optimizer.entries(), trained(&mut policy))?;
        tpo_lm::export::write(&policy, into)?;
        Ok(Checkpoint::at(into))
    }
}

impl LocalTrainer {
    /// The policy with what the method trains: an adapter, continued or fresh; or all weights, with
    /// an adapter merged into them.
    fn open(&self, checkpoint: &Checkpoint) -> Result<Policy, Failure> {
        let mut policy = tpo_lm::load::load(&checkpoint.path)?;
        match (self.config.method, policy.adapter.take()) {
            (Method::Full, None) => {}
            (Method::Full, Some(adapter)) => policy.params = adapter.merged(&policy.params),
            (Method::Lora, None) => {
                let shape = self.config.lora.clone().unwrap_or_default();
                policy.adapter = Some(Adapter::init(&policy.spec, shape.to_config(), self.seed)?);
            }
            (Method::Lora, Some(adapter)) => {
                check_same_shape(self.config.lora.as_ref(), &adapter.config)?;
                policy.adapter = Some(adapter);
            }
        }
        Ok(policy)
    }
}

fn decoder(policy: &Policy) -> Decoder<'_> {
    Decoder::new(&policy.spec, &policy.params, policy.adapter.as_ref())
}

/// The values that are trained, laid out as [`Decoder::trainable`].
fn trained(policy: &mut Policy) -> &mut [f32] {
    match &mut policy.adapter {
        Some(adapter) => &mut adapter.values,
        None => &mut policy.params.values,
    }
}

/// An adapter is continued as it is; a configuration that asks for another shape is not obeyed in
/// silence.
fn check_same_shape(wanted: Option<&LoraShape>, adapter: &LoraConfig) -> Result<(), Failure> {
    let sorted = |config: &LoraConfig| {
        let mut modules = config.target_modules.clone();
        modules.sort_unstable();
        LoraConfig {
            target_modules: modules,
            ..config.clone()
        }
    };
    match wanted.map(LoraShape::to_config) {
        Some(wanted) if sorted(&wanted) != sorted(adapter) => Err(Failure::new(
            FailureKind::Usage,
            format!(
                "`train.lora` wants {}, and the model's adapter has {}",
                describe(&wanted),
                describe(adapter)
            ),
        )
        .hint("remove `train.lora` to train the adapter as it is, or merge it first")),
        _ => Ok(()),
    }
}

fn describe(config: &LoraConfig) -> String {
    format!(
        "r = {}, alpha = {} on {}",
        config.r,
        config.alpha,
        config.target_modules.join(", ")
    )
}
