//! The checkpoints of one training: each is measured, and the one to keep is chosen.

use std::ops::ControlFlow;
use std::path::PathBuf;

use tpo_train::Keep;
use tpo_types::{Checkpoint, Failure, FailureKind, StepMetrics, TrainObserver};

use super::trained::Trained;
use crate::config::{Boundary, Every};
use crate::context::RunContext;
use crate::directory::checkpoints;
use crate::metrics::{Measurement, TrainMetrics, replaces};
use crate::model_version::ModelVersion;
use crate::plan::ValidationSet;
use crate::policy::Policy;
use crate::progress::Stage;
use crate::slice::Slice;
use crate::stages::{Measured, validate};

/// Writes, measures and chooses the checkpoints of one training. At most two are on disk at a time:
/// the one to keep so far, and the one that is being measured.
pub(super) struct TrainingCheckpoints<'a> {
    context: &'a RunContext<'a>,
    iteration: usize,
    steps_per_epoch: usize,
    total_steps: usize,
    /// The best model of the run when the iteration began.
    best_of_run: ModelVersion,
    steps: Vec<StepMetrics>,
    kept: Option<Kept>,
    /// Measurements since the last one that was better.
    no_better: usize,
}

/// The model to keep so far.
struct Kept {
    policy: Policy,
    measurement: Measurement,
}

impl<'a> TrainingCheckpoints<'a> {
    pub(super) fn new(
        context: &'a RunContext<'a>,
        iteration: usize,
        best_of_run: ModelVersion,
        num_pairs: usize,
    ) -> Self {
        let config = &context.plan.config.train;
        let total_steps = config.total_steps(num_pairs);
        Self {
            context,
            iteration,
            steps_per_epoch: total_steps / config.num_train_epochs,
            total_steps,
            best_of_run,
            steps: Vec::new(),
            kept: None,
            no_better: 0,
        }
    }

    /// The model to keep, with the means over the last epoch before it.
    pub(super) fn kept(self) -> Result<Trained, Failure> {
        let Some(Kept { policy, .. }) = self.kept else {
            return Err(Failure::new(
                FailureKind::Bug,
                "the trainer ended without a checkpoint",
            ));
        };
        let up_to = &self.steps[..policy.version.step.min(self.steps.len())];
        Ok(Trained {
            metrics: TrainMetrics::of(up_to, self.steps_per_epoch),
            policy,
        })
    }

    /// The name under which a checkpoint is measured.
    fn candidate(&self) -> PathBuf {
        let kept = self.context.plan.directory.checkpoint(self.iteration);
        kept.with_extension("candidate")
    }

    /// Measures the checkpoint on every set that wants it now; returns the measurement on the first
    /// set, which chooses, if that is one of them.
    fn measure(&self, policy: &Policy) -> Result<Option<Measurement>, Failure> {
        let mut opponents = vec![ModelVersion::BASE];
        let kept = self.kept.as_ref().map(|kept| kept.policy.version);
        for opponent in [Some(self.best_of_run), kept].into_iter().flatten() {
            if !opponents.contains(&opponent) {
                opponents.push(opponent);
            }
        }
        let mut choosing = None;
        for (index, set) in self.context.plan.validation.iter().enumerate() {
            if self.is_due(index, set, policy.version.step) {
                let measured = Measured {
                    policy,
                    opponents: &opponents,
                };
                let measurement = validate(self.context, set, measured)?;
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

    fn is_better(&self, measurement: &Measurement) -> bool {
        let Some(kept) = &self.kept else {
            return true;
        };
        match self.context.plan.config.train.keep {
            Keep::Last => true,
            Keep::Best => replaces(measurement, &kept.measurement),
        }
    }

    fn keep(&mut self, mut policy: Policy, measurement: Measurement) -> Result<(), Failure> {
        let path = self.context.plan.directory.checkpoint(self.iteration);
        checkpoints::rename(&policy.checkpoint.path, &path)?;
        policy.checkpoint = Checkpoint::at(path);
        self.kept = Some(Kept {
            policy,
            measurement,
        });
        Ok(())
    }
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
        checkpoints::begin(&self.candidate())
    }

    fn checkpoint_written(&mut self, step: usize) -> Result<ControlFlow<()>, Failure> {
        self.context.stages.judging.stage_ended();
        let path = self.candidate();
        let identity = checkpoints::commit(&checkpoints::partial(&path), &path)?;
        let policy = Policy {
            version: ModelVersion {
                iteration: self.iteration,
                step,
            },
            checkpoint: Checkpoint::at(path),
            identity,
        };
        match self.measure(&policy)? {
            Some(measurement) if self.is_better(&measurement) => {
                self.no_better = 0;
                self.keep(policy, measurement)?;
            }
            Some(_) => {
                self.no_better += 1;
                checkpoints::remove(&policy.checkpoint.path)?;
            }
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
