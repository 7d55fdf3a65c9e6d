//! The validation sets of a run.

use tpo_types::{Failure, Instruction};

use crate::config::{Boundary, Every, ValidationConfig};
use crate::dataset;

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

    /// The name of the set.
    pub fn name(&self) -> &str {
        &self.config.name
    }
}
