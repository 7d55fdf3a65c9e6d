//! The input of a language's build.

use std::fs;
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

use crate::bindings::ProjectWorld;

/// The input of a language's build.
pub(super) struct Job<'a> {
    /// The directory of the project.
    pub(super) directory: &'a Path,
    /// The directory of the contract it is built for.
    pub(super) wit: &'a Path,
    /// The world of the contract.
    pub(super) world: String,
    /// The directory of compilers from package registries.
    pub(super) tools: &'a Path,
    /// Called with a message before a slow step.
    pub(super) on_status: &'a dyn Fn(&str),
}

impl Job<'_> {
    pub(super) fn contract(&self) -> Result<ProjectWorld, Failure> {
        ProjectWorld::read(self.wit, &self.world)
    }

    /// The directory of generated code, within the project.
    pub(super) fn bindings(&self) -> PathBuf {
        self.directory.join("bindings")
    }
}

/// Reads a file that the compiler should have written.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        Failure::new(
            FailureKind::Plugin,
            format!("the compiler did not write `{}`", path.display()),
        )
        .because(error)
    })
}
