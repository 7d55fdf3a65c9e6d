//! Which model of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A model of a run: the base model, or the policy after an optimizer step of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The iteration that trained it, from 1; 0 is the base model.
    pub iteration: usize,
    /// The optimizer step of that iteration after which it was written; 0 for the base model.
    pub step: usize,
}

impl ModelVersion {
    /// The model that the run started from.
    pub const BASE: Self = Self {
        iteration: 0,
        step: 0,
    };

    /// Whether it is the model that the run started from.
    pub fn is_base(self) -> bool {
        self == Self::BASE
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_base() {
            f.write_str("base model")
        } else {
            write!(f, "iteration {}, step {}", self.iteration, self.step)
        }
    }
}
