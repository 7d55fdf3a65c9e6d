//! The directory of an evaluation.

use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

use crate::directory::{DirectoryLock, RunDirectory, lock};

/// The directories of files in the formats of other tools.
const TOOLS: [&str; 2] = ["alpaca_eval", "lm_eval"];

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
        self.root.join(tool).join(set).join(judge).join(subject)
    }

    /// Removes the files in the formats of other tools: those of an earlier start may be of models
    /// or a baseline that are gone.
    pub(super) fn remove_files(&self) -> Result<(), Failure> {
        for tool in TOOLS {
            let path = self.root.join(tool);
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let what = format!("cannot remove `{}`", path.display());
                    return Err(Failure::new(FailureKind::Resources, what).because(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Fails if it is the directory of a run.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if !RunDirectory::at(&self.root).store().exists() {
            return Ok(());
        }
        let what = format!("`{}` is the directory of a run", self.root.display());
        Err(Failure::new(FailureKind::Usage, what)
            .hint("give the evaluation a directory of its own with `--dir`"))
    }

    /// Creates the directory and locks it for writing.
    pub(super) fn lock(&self) -> Result<DirectoryLock, Failure> {
        lock(&self.root, "eval.lock")
    }
}
