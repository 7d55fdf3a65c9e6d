//! The contract as code of another language, by wit-bindgen.

use std::path::Path;

use tpo_types::{Failure, FailureKind};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_bindgen_core::{Files, WorldGenerator};

use crate::create::write;

/// The contract of a project, and the world that it is built for.
pub(crate) struct Contract {
    pub(crate) resolve: Resolve,
    pub(crate) world: WorldId,
}

impl Contract {
    /// Reads the WIT in a directory.
    pub(crate) fn read(directory: &Path, world: &str) -> Result<Self, Failure> {
        let mut resolve = Resolve::default();
        let selected = resolve.push_dir(directory).and_then(|(package, _)| {
            resolve
                .select_world(&[package], Some(world))
                .map(|world| (package, world))
        });
        let (_, world) = selected.map_err(|error| {
            Failure::new(
                FailureKind::Input,
                format!(
                    "the contract in `{}` has no readable world `{world}`",
                    directory.display()
                ),
            )
            .because(error)
        })?;
        Ok(Self { resolve, world })
    }

    /// Writes what a generator makes of it. The files are the generator's: they are written anew by
    /// every build.
    pub(crate) fn generate(
        &self,
        mut generator: Box<dyn WorldGenerator>,
        directory: &Path,
    ) -> Result<(), Failure> {
        let mut files = Files::default();
        generator
            .generate(&mut self.resolve.clone(), self.world, &mut files)
            .map_err(|error| {
                Failure::new(FailureKind::Bug, "wit-bindgen cannot express the contract")
                    .because(error)
            })?;
        files
            .iter()
            .try_for_each(|(name, bytes)| write(&directory.join(name), bytes))
    }
}
