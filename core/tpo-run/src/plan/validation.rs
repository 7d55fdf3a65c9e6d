//! The validation sets of a run.

use tpo_types::{Failure, Instruction};

use crate::config::{Boundary, Every, ValidationConfig};
use crate::dataset;
use crate::model_version::ModelVersion;
use crate::slice::{Pass, Slice};

/// The fewest instructions with which a sign-flip test can reach 5 %: `2 / 2^6 < 0.05`.
const SMALLEST: usize = 6;

/// A set of instructions on which the models of a run are measured.
#[derive(Debug)]
pub struct ValidationSet {
    /// Its settings.
    pub config: ValidationConfig,
    /// When models are measured on it.
    pub every: Every,
    /// Its instructions.
    pub instructions: Vec<Instruction>,
}

impl ValidationSet {
    /// Reads the instructions of every set. The first set chooses the best model.
    pub(super) fn read_all(configs: &[ValidationConfig]) -> Result<Vec<Self>, Failure> {
        let read = |(index, config): (usize, &ValidationConfig)| {
            let default = if index == 0 {
                Boundary::Epoch
            } else {
                Boundary::Iteration
            };
            Ok(Self {
                config: config.clone(),
                every: config.every.unwrap_or(Every::Boundary(default)),
                instructions: dataset::read(&config.data)?,
            })
        };
        configs.iter().enumerate().map(read).collect()
    }

    /// A note on a set that is too small to say anything.
    pub(super) fn note(&self) -> Option<String> {
        let n = self.instructions.len();
        (n < SMALLEST).then(|| {
            format!(
                "the validation set `{}` has {n} instructions: with fewer than {SMALLEST} no \
                 difference between two models can be significant",
                self.config.name
            )
        })
    }

    /// The set, sampled with a model.
    pub fn pass(&self, model: ModelVersion) -> Pass<'_> {
        let set = self.name().to_owned();
        Pass {
            slice: Slice::Validation { set, model },
            instructions: &self.instructions,
            num_samples: self.config.num_samples,
            resample: self.config.resample,
        }
    }

    /// The name of the set.
    pub fn name(&self) -> &str {
        &self.config.name
    }
}
