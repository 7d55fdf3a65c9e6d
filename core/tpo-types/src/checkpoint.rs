//! A model on disk.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A model on disk: a `.gguf` file, a directory in Hugging Face layout, or a directory with a PEFT
/// adapter. Sampling and training exchange checkpoints on disk, so that another program can do
/// either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The file or directory.
    pub path: PathBuf,
}

impl Checkpoint {
    /// The model at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}
