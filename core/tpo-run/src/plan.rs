//! From a configuration to a checked run.
//!
//! Everything that can be checked without a model or a plugin is checked here, before anything is
//! fetched, loaded or written. Models and plugins are checked when they are opened, which is still
//! before the first token.

mod checks;
mod frame;
pub(crate) mod needs;
pub(crate) mod overlap;
mod validation;

use std::collections::BTreeSet;
use std::path::Path;

use tpo_lm::precision::{Precision, TrainPrecision};
use tpo_types::{Checkpoint, Failure, FailureKind, Instruction, SamplingParams};

use self::needs::Lacking;
use crate::arm::Arm;
use crate::config::RunConfig;
use crate::dataset;
use crate::directory::RunDirectory;
use crate::slice::{self, Pass, Slice};

pub use self::validation::ValidationSet;

/// A checked run.
#[derive(Debug)]
pub struct RunPlan {
    /// The configuration it was made from.
    pub config: RunConfig,
    /// Where it is written.
    pub directory: RunDirectory,
    /// Training instructions, slice after slice.
    pub train: Vec<Instruction>,
    /// The validation sets. The first chooses the best model.
    pub validation: Vec<ValidationSet>,
    /// Training instructions per iteration.
    pub slice_size: usize,
    /// How completions are sampled.
    pub params: SamplingParams,
    /// The number format of sampling.
    pub precision: Precision,
    /// The number format of training.
    pub train_precision: TrainPrecision,
    /// Another run, whose outputs are reused where they would be the same.
    pub reuse_from: Option<RunDirectory>,
    /// What the user should know about the data, one sentence each.
    pub notes: Vec<String>,
}

impl RunPlan {
    /// Checks a configuration whose paths are resolved, and reads its instructions.
    pub fn new(config: RunConfig, directory: RunDirectory) -> Result<Self, Failure> {
        checks::check_config(&config)?;
        let train = slice::shuffled(dataset::read(&config.data.train)?, config.seed);
        let validation = ValidationSet::read_all(&config.validation)?;
        let mut notes = overlap::check(&train, &validation)?;
        notes.extend(validation.iter().filter_map(ValidationSet::note));
        let own = [Lacking::of("train", &train, &config.judge)];
        let sets = validation.iter().map(|set| {
            let judge = set.config.judge.as_ref().unwrap_or(&config.judge);
            Lacking::of(set.name(), &set.instructions, judge)
        });
        for lacking in own.into_iter().chain(sets).flatten() {
            if lacking.all {
                return Err(lacking.refusal());
            }
            notes.push(lacking.text);
        }
        let slice_size = slice::size_of(
            train.len(),
            config.iterations,
            config.data.instructions_per_iteration,
        )?;
        let precision = config.engine.precision.resolve()?;
        let train_precision = config.train.precision.resolve()?;
        let params = SamplingParams {
            temperature: config.sampling.temperature,
            top_p: config.sampling.top_p,
            top_k: config.sampling.top_k,
            max_new_tokens: config.sampling.max_new_tokens,
            max_thought_tokens: config.thought.max_tokens,
        };
        Ok(Self {
            config,
            directory,
            train,
            validation,
            slice_size,
            params,
            precision,
            train_precision,
            reuse_from: None,
            notes,
        })
    }

    /// The plan of an arm: this one with another thought prompt, in a directory of its own.
    pub fn arm(&self, arm: &Arm) -> Result<Self, Failure> {
        let mut config = self.config.clone();
        arm.apply(&mut config)?;
        Self::new(config, self.directory.arm(&arm.name()))
    }

    /// Names another run, whose outputs are reused where they would be the same.
    pub fn set_reuse_from(&mut self, other: &Path) -> Result<(), Failure> {
        let own = self.directory.root().canonicalize().ok();
        if own.is_some() && own == other.canonicalize().ok() {
            let what = format!("`--from {}` names the run's own directory", other.display());
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("the same command without `--from` resumes a run"));
        }
        let other = RunDirectory::at(other);
        if !other.store().exists() {
            let what = format!("`--from {}` is not a run directory", other.root().display());
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("name the directory of a run, such as `runs/quickstart`"));
        }
        self.reuse_from = Some(other);
        Ok(())
    }

    /// The model that the run starts from, fetched if it is not on this machine. `on_status` is
    /// told what is fetched.
    pub fn fetch_model(&self, on_status: &dyn Fn(&str)) -> Result<Checkpoint, Failure> {
        let path = tpo_lm::fetch::resolve(&self.config.model.source, on_status)?;
        Ok(Checkpoint::at(path))
    }

    /// The training instructions of an iteration.
    pub fn training(&self, iteration: usize) -> Pass<'_> {
        Pass {
            slice: Slice::Train(iteration),
            instructions: slice::of_iteration(&self.train, iteration, self.slice_size),
            num_samples: self.config.sampling.num_samples,
            resample: self.config.sampling.resample,
        }
    }

    /// The optimizer steps of an iteration after which a model is measured on some set.
    pub fn checkpoint_steps(&self, num_pairs: usize) -> BTreeSet<usize> {
        let total = self.config.train.total_steps(num_pairs);
        let steps_per_epoch = total / self.config.train.num_train_epochs;
        let is_due = |step: &usize| {
            let mut sets = self.validation.iter();
            sets.any(|set| set.every.is_due(*step, steps_per_epoch, total))
        };
        (1..=total).filter(is_due).collect()
    }
}
