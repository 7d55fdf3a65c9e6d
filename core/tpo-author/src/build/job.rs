//! What every language's compiler gets.

use std::fs;
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

use crate::bindings::Contract;

/// What a language's compiler gets.
pub(super) struct Job<'a> {
    /// The project.
    pub(super) directory: &'a Path,
    /// The directory of the contract it is built for.
    pub(super) wit: &'a Path,
    /// The world of the contract.
    pub(super) world: String,
    /// Where compilers from package registries are kept.
    pub(super) tools: &'a Path,
    /// Receives messages about steps that take long.
    pub(super) progress: &'a dyn Fn(&str),
}

impl Job<'_> {
    pub(super) fn contract(&self) -> Result<Contract, Failure> {
        Contract::read(self.wit, &self.world)
    }

    /// Where generated code goes, within the project.
    pub(super) fn bindings(&self) -> PathBuf {
        self.directory.join("bindings")
    }
}

/// A file that the compiler should have written.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        Failure::new(
            FailureKind::Plugin,
            format!("the compiler wrote no `{}`", path.display()),
        )
        .because(error)
    })
}
