//! The run directory: which files it holds, and which process may write them.

pub(crate) mod checkpoints;
pub(crate) mod exports;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

/// The directory of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    root: PathBuf,
}

/// Held while a process writes a directory. The operating system releases it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl RunDirectory {
    /// The run at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The run store.
    pub fn store(&self) -> PathBuf {
        self.root.join("run.db")
    }

    /// The pairs, for other trainers.
    pub fn pairs(&self) -> PathBuf {
        self.root.join("pairs.jsonl")
    }

    /// The metrics, one line per optimizer step.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// Where batches that a plugin failed on are written.
    pub fn failures(&self) -> PathBuf {
        self.root.join("failures")
    }

    /// The replies of models to judges.
    pub fn replies(&self) -> PathBuf {
        self.root.join("replies.db")
    }

    /// The run of an arm, a variant of this one.
    #[must_use]
    pub fn arm(&self, name: &str) -> Self {
        Self::at(self.root.join("arms").join(name))
    }

    /// The names of the arms that were started, in order.
    pub fn arms(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join("arms"));
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| self.arm(name).store().is_file())
            .collect();
        names.sort();
        names
    }

    /// Where checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// An iteration's checkpoint, relative to the root.
    pub fn checkpoint_name(iteration: usize) -> String {
        format!("checkpoints/iteration-{iteration}")
    }

    /// An iteration's checkpoint.
    pub fn checkpoint(&self, iteration: usize) -> PathBuf {
        self.root.join(Self::checkpoint_name(iteration))
    }

    /// Creates the directory and locks it for writing.
    pub fn lock(&self) -> Result<DirectoryLock, Failure> {
        std::fs::create_dir_all(self.checkpoints())
            .map_err(|error| cannot_write(&self.root, error))?;
        lock(&self.root, "run.lock")
    }
}

/// Creates a directory and locks it for writing with a file of that name.
pub(crate) fn lock(root: &Path, file: &str) -> Result<DirectoryLock, Failure> {
    std::fs::create_dir_all(root).map_err(|error| cannot_write(root, error))?;
    let path = root.join(file);
    let open = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let mut file = open.map_err(|error| cannot_write(&path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder's process number is only for the message.
            let _ = file.read_to_string(&mut holder);
            return Err(Failure::new(
                FailureKind::InUse,
                format!(
                    "`{}` is being written by another tpo ({})",
                    root.display(),
                    holder.trim()
                ),
            )
            .hint("wait for it, stop it, or name another directory with `--dir`"));
        }
        Err(TryLockError::Error(error)) => return Err(cannot_write(&path, error)),
    }
    file.set_len(0)
        .and_then(|()| write!(file, "process {}", std::process::id()))
        .map_err(|error| cannot_write(&path, error))?;
    Ok(DirectoryLock { _file: file })
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write the directory `{}`", path.display()),
    )
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_refused_and_told_of_the_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let run = RunDirectory::at(directory.path().join("run"));
        let held = run.lock().expect("free");
        let refusal = run.lock().expect_err("held");
        assert_eq!(refusal.kind(), FailureKind::InUse);
        assert!(
            refusal
                .to_string()
                .contains(&format!("process {}", std::process::id()))
        );
        drop(held);
        run.lock().expect("free again");
    }
}
