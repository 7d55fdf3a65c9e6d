//! The model that is being trained, as it passes from one iteration to the next.

use tpo_types::Checkpoint;

use crate::model_version::ModelVersion;

/// A model on disk and the digest that identifies it.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Which model of the run it is.
    pub version: ModelVersion,
    /// Where its files are.
    pub checkpoint: Checkpoint,
    /// Digest of the files. Completions are cached under it.
    pub identity: String,
}
