//! The checkpoints of one training: each is measured, and the one to keep is chosen.

use std::ops::ControlFlow;
use std::path::PathBuf;

use tpo_train::Keep;
use tpo_types::{Checkpoint, Failure, FailureKind, StepMetrics, TrainObserver};

use super::trained::Trained;
use crate::config::{Boundary, Every};
use crate::context::RunContext;
use crate::directory::checkpoints;
use crate::metrics::{Choice, Measurement, TrainMetrics};
use crate::model_version::ModelVersion;
use crate::plan::ValidationSet;
use crate::policy::Policy;
use crate::progress::Stage;
use crate::slice::Slice;
use crate::stages::validate;

/// Writes, measures and chooses the checkpoints of one training. On disk are those that may still
/// be kept, and the one that is being measured.
pub(super) struct TrainingCheckpoints<'a> {
    context: &'a RunContext<'a>,
    iteration: usize,
    steps_per_epoch: usize,
    total_steps: usize,
    steps: Vec<StepMetrics>,
    choice: Choice,
    /// The checkpoints that may still be kept.
    policies: Vec<Policy>,
    /// Measurements since the highest one.
    no_better: usize,
}

impl<'a> TrainingCheckpoints<'a> {
    /// Removes what an interrupted training has left.
    pub(super) fn new(
        context: &'a RunContext<'a>,
        iteration: usize,
        base: &Measurement,
        num_pairs: usize,
    ) -> Result<Self, Failure> {
        let config = &context.plan.config.train;
        let total_steps = config.total_steps(num_pairs);
        for step in 1..=total_steps {
            checkpoints::remove(&candidate(context, iteration, step))?;
        }
        Ok(Self {
            context,
            iteration,
            steps_per_epoch: total_steps / config.num_train_epochs,
            total_steps,
            steps: Vec::new(),
            choice: Choice::among_later(base.clone()),
            policies: Vec::new(),
            no_better: 0,
        })
    }

    /// The model to keep, under the name of its iteration, with the means over the last epoch
    /// before it.
    pub(super) fn kept(self) -> Result<Trained, Failure> {
        let newest = self.policies.last().map(|policy| policy.version);
        let kept = match self.context.plan.config.train.keep {
            Keep::Last => newest,
            Keep::Best => self.choice.kept().map(|kept| kept.model),
        };
        let mut kept_policy = None;
        for policy in self.policies {
            if Some(policy.version) == kept {
                kept_policy = Some(policy);
            } else {
                checkpoints::remove(&policy.checkpoint.path)?;
            }
        }
        let Some(mut policy) = kept_policy else {
            return Err(Failure::new(
                FailureKind::Bug,
                "the trainer ended without a checkpoint",
            ));
        };
        let path = self.context.plan.directory.checkpoint(self.iteration);
        checkpoints::rename(&policy.checkpoint.path, &path)?;
        policy.checkpoint = Checkpoint::at(path);
        let up_to = &self.steps[..policy.version.step.min(self.steps.len())];
        Ok(Trained {
            metrics: TrainMetrics::of(up_to, self.steps_per_epoch),
            policy,
        })
    }

    /// Measures the checkpoint on every set that wants it now; returns the measurement on the first
    /// set, which chooses, if that is one of them.
    fn measure(&self, policy: &Policy) -> Result<Option<Measurement>, Failure> {
        let mut choosing = None;
        for (index, set) in self.context.plan.validation.iter().enumerate() {
            if self.is_due(index, set, policy.version.step) {
                let measurement = validate(self.context, set, policy)?;
                if index == 0 {
                    choosing = Some(measurement);
                }
            }
        }
        Ok(choosing)
    }

    /// Whether a set is measured after a step. A set that is measured once per iteration is not:
    /// it waits for the model that is kept, unless it is the one that chooses.
    fn is_due(&self, index: usize, set: &ValidationSet, step: usize) -> bool {
        let waits = index > 0 && set.every == Every::Boundary(Boundary::Iteration);
        !waits
            && set
                .every
                .is_due(step, self.steps_per_epoch, self.total_steps)
    }

    /// Adds a measured checkpoint, and removes those that can no longer be kept.
    fn add(&mut self, policy: Policy, measurement: Measurement) -> Result<(), Failure> {
        let is_highest = self.choice.add(measurement);
        self.no_better = if is_highest { 0 } else { self.no_better + 1 };
        self.policies.push(policy);
        let remembered: Vec<ModelVersion> = self.choice.remembered().collect();
        for policy in &self.policies {
            if !remembered.contains(&policy.version) {
                checkpoints::remove(&policy.checkpoint.path)?;
            }
        }
        self.policies
            .retain(|policy| remembered.contains(&policy.version));
        Ok(())
    }
}

/// Where the checkpoint of a step is until the training ends.
fn candidate(context: &RunContext<'_>, iteration: usize, step: usize) -> PathBuf {
    let kept = context.plan.directory.checkpoint(iteration);
    kept.with_extension(format!("step-{step}"))
}

impl TrainObserver for TrainingCheckpoints<'_> {
    fn step_done(&mut self, metrics: &StepMetrics) -> Result<(), Failure> {
        self.context
            .stages
            .store
            .put_step(self.iteration, metrics)?;
        let before = self.steps.last().map_or(0, |last| last.num_tokens);
        self.context
            .stages
            .judging
            .item_done((metrics.num_tokens - before) as usize);
        self.steps.push(metrics.clone());
        Ok(())
    }

    fn checkpoint_directory(&mut self) -> Result<PathBuf, Failure> {
        checkpoints::begin(&self.context.plan.directory.checkpoint(self.iteration))
    }

    fn checkpoint_written(&mut self, step: usize) -> Result<ControlFlow<()>, Failure> {
        self.context.stages.judging.stage_ended();
        let partial = self.context.plan.directory.checkpoint(self.iteration);
        let path = candidate(self.context, self.iteration, step);
        let identity = checkpoints::commit(&checkpoints::partial(&partial), &path)?;
        let policy = Policy {
            version: ModelVersion {
                iteration: self.iteration,
                step,
            },
            checkpoint: Checkpoint::at(path),
            identity,
        };
        match self.measure(&policy)? {
            Some(measurement) => self.add(policy, measurement)?,
            None => checkpoints::remove(&policy.checkpoint.path)?,
        }
        let patience = self.context.plan.config.train.patience;
        if patience.is_some_and(|patience| self.no_better >= patience) {
            return Ok(ControlFlow::Break(()));
        }
        if step < self.total_steps {
            let slice = Slice::Train(self.iteration);
            self.context
                .stages
                .judging
                .stage_started(Stage::Train, &slice, self.total_steps, step);
        }
        Ok(ControlFlow::Continue(()))
    }
}
