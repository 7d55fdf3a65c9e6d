//! The directory of an evaluation.

use std::path::{Path, PathBuf};

use tpo_types::Failure;

use crate::directory::{DirectoryLock, lock};

/// The directory of one evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationDirectory {
    root: PathBuf,
}

impl EvaluationDirectory {
    /// The evaluation at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Completions, candidates and what judges made of them.
    pub fn store(&self) -> PathBuf {
        self.root.join("eval.db")
    }

    /// The replies of models to judges.
    pub fn replies(&self) -> PathBuf {
        self.root.join("replies.db")
    }

    /// Where batches that a plugin failed on are written.
    pub fn failures(&self) -> PathBuf {
        self.root.join("failures")
    }

    /// The results as JSON.
    pub fn results(&self) -> PathBuf {
        self.root.join("results.json")
    }

    /// The files of a set, a judge and a subject in the formats of other tools.
    pub(super) fn files(&self, tool: &str, set: &str, judge: &str, subject: &str) -> PathBuf {
        let name = format!("{set}-{judge}");
        self.root.join(tool).join(name).join(subject)
    }

    /// Creates the directory and locks it for writing.
    pub(super) fn lock(&self) -> Result<DirectoryLock, Failure> {
        lock(&self.root, "eval.lock")
    }
}
