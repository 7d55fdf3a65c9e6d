//! The local DPO trainer.
//!
//! One loop: for every batch forward, loss, backward, clip, update, report. It differs from TRL's
//! `DPOTrainer` in three ways. There is no reference model: every pair has its reference
//! log-probabilities. Nothing is truncated: a pair that exceeds the model's context is refused by
//! id. And nothing is padded, so the token that the model's configuration uses for padding (often
//! the end-of-turn token) is trained like any other.

use tpo_lm::decoder::{Decoder, TrainingBuffers};
use tpo_lm::lora::{Adapter, LoraConfig};
use tpo_lm::model::Model;
use tpo_lm::precision::TrainPrecision;
use tpo_types::{Checkpoint, Failure, FailureKind, TrainObserver, TrainRequest, Trainer};

use crate::adamw::AdamW;
use crate::batches::batches;
use crate::checks;
use crate::clip::{clip, global_norm};
use crate::config::{Method, TrainConfig};
use crate::gradient::{accumulate, with_reference};
use crate::metrics::StepCounter;
use crate::schedule::Schedule;

/// Trains with DPO on the CPU. The same pairs, configuration and seed give the same bytes with any
/// number of threads.
#[derive(Debug, Clone)]
pub struct LocalTrainer {
    config: TrainConfig,
    seed: u64,
}

impl LocalTrainer {
    /// A trainer with a configuration that [`TrainConfig::check`] accepts; `seed` determines the
    /// order of the pairs and a new adapter's weights.
    pub fn new(config: TrainConfig, seed: u64) -> Self {
        Self { config, seed }
    }
}

impl Trainer for LocalTrainer {
    fn train(
        &self,
        request: &TrainRequest<'_>,
        observer: &mut dyn TrainObserver,
    ) -> Result<(), Failure> {
        let config = &self.config;
        let precision = config.precision.resolve()?;
        let mut policy = self.open(request.policy)?;
        checks::check_pairs(request.pairs, &policy.spec)?;
        let recomputed = request
            .recompute_reference
            .then(|| with_reference(&decoder(&policy, precision), config, request.pairs));
        let pairs = recomputed.as_deref().unwrap_or(request.pairs);
        let mut optimizer = AdamW::new(config, decoder(&policy, precision).trainable());
        let schedule = Schedule::new(config, config.total_steps(pairs.len()));
        let mut gradient = vec![0.0; decoder(&policy, precision).trainable_len()];
        let mut buffers = TrainingBuffers::default();
        let mut counter = StepCounter::new(pairs.len());
        let batches = batches(pairs, config.batch_size, config.num_train_epochs, self.seed);
        for (step, batch) in batches.enumerate() {
            gradient.fill(0.0);
            let results = accumulate(
                &decoder(&policy, precision),
                config,
                &batch,
                &mut buffers,
                &mut gradient,
            );
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
            observer.step_done(&counter.step(&batch, &results, grad_norm, learning_rate))?;
            if request.checkpoint_steps.contains(&(step + 1)) {
                checks::check_weights(optimizer.entries(), trained(&mut policy))?;
                tpo_lm::export::write(&policy, &observer.checkpoint_directory()?)?;
                if observer.checkpoint_written(step + 1)?.is_break() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl LocalTrainer {
    /// The policy, prepared for the method: with an adapter, continued or new; or with all weights,
    /// an adapter merged into them.
    fn open(&self, checkpoint: &Checkpoint) -> Result<Model, Failure> {
        let mut policy = tpo_lm::load::load(&checkpoint.path)?;
        match (self.config.method, policy.adapter.take()) {
            (Method::Full, None) => {}
            (Method::Full, Some(adapter)) => policy.params = adapter.merged(&policy.params),
            (Method::Lora, None) => {
                let lora = self.config.lora.clone().unwrap_or_default();
                policy.adapter = Some(Adapter::init(&policy.spec, lora, self.seed)?);
            }
            (Method::Lora, Some(adapter)) => {
                check_same_shape(self.config.lora.as_ref(), &adapter.config)?;
                policy.adapter = Some(adapter);
            }
        }
        Ok(policy)
    }
}

fn decoder(policy: &Model, precision: TrainPrecision) -> Decoder<'_> {
    Decoder::new(&policy.spec, &policy.params, policy.adapter.as_ref()).in_precision(precision)
}

/// The trained values, laid out as [`Decoder::trainable`].
fn trained(policy: &mut Model) -> &mut [f32] {
    match &mut policy.adapter {
        Some(adapter) => &mut adapter.values,
        None => &mut policy.params.values,
    }
}

/// Fails if the configuration asks for another shape than that of the model's adapter.
fn check_same_shape(wanted: Option<&LoraConfig>, adapter: &LoraConfig) -> Result<(), Failure> {
    match wanted {
        Some(wanted) if wanted != adapter => Err(Failure::new(
            FailureKind::Usage,
            format!(
                "`train.lora` has {}, but the model's adapter has {}",
                describe(wanted),
                describe(adapter)
            ),
        )
        .hint("remove `train.lora` to continue the adapter, or merge it first")),
        _ => Ok(()),
    }
}

fn describe(config: &LoraConfig) -> String {
    let modules: Vec<&str> = config
        .target_modules
        .iter()
        .map(|module| module.as_str())
        .collect();
    format!(
        "r = {}, alpha = {} on {}",
        config.r,
        config.alpha,
        modules.join(", ")
    )
}
