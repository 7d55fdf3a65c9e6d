//! A project into its component: one file per language, and here what they share.

mod c;
mod go;
mod javascript;
mod job;
mod python;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tpo_bundle::{Manifest, manifest};
use tpo_types::{Failure, FailureKind};

use crate::create::write;
use crate::{Language, world};
use job::{Job, read};

/// A component that was built.
#[derive(Debug)]
pub struct Built {
    /// The file.
    pub component: PathBuf,
    /// What the compiler has said, for example warnings.
    pub said: String,
}

/// Builds the component of the project in `directory`, whose manifest names its language.
///
/// Compilers are kept in `tools`; `progress` is told before one is fetched.
pub fn build(directory: &Path, tools: &Path, progress: &dyn Fn(&str)) -> Result<Built, Failure> {
    let manifest = read_manifest(directory)?;
    // Compilers run in the project, so what they are given must not depend on where that is.
    let absolute = directory.canonicalize().map_err(|error| {
        Failure::new(
            FailureKind::Resources,
            format!("`{}` cannot be opened", directory.display()),
        )
        .because(error)
    })?;
    let [component] = manifest.components.as_slice() else {
        let what = format!(
            "`{}` has several components, and a project builds one",
            manifest.name
        );
        return Err(Failure::new(FailureKind::Input, what)
            .hint("give each a project, and publish the built files together"));
    };
    let scratch = TempDir::new().map_err(|error| {
        Failure::new(FailureKind::Resources, "there is no temporary directory").because(error)
    })?;
    let job = Job {
        directory: &absolute,
        wit: &wit(&manifest, &absolute, scratch.path())?,
        world: world::of(component, &manifest)?,
        tools,
        progress,
    };
    let built = scratch.path().join("component.wasm");
    let said = match language(&manifest)? {
        Language::Rust => rust::build(&job, &built),
        Language::Python => python::build(&job, &built),
        Language::JavaScript => javascript::build(&job, &built),
        Language::C => c::build(&job, &built),
        Language::Go => go::build(&job, &built),
    }?;
    let file = directory.join(component.file.as_str());
    write(&file, &read(&built)?)?;
    Ok(Built {
        component: file,
        said,
    })
}

fn read_manifest(directory: &Path) -> Result<Manifest, Failure> {
    let path = directory.join(manifest::FILE_NAME);
    let text = fs::read_to_string(&path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` cannot be read", path.display()),
        )
        .because(error)
        .hint("name the directory of a project; `tpo plugin new` writes one")
    })?;
    Manifest::parse(&text, &path.display().to_string())
}

fn language(manifest: &Manifest) -> Result<Language, Failure> {
    let refuse = |what: String| {
        let languages = Language::ALL.map(Language::as_str).join(", ");
        Failure::new(FailureKind::Input, what).hint(format!("the languages are {languages}"))
    };
    let name = manifest.language.as_ref();
    let name = name.ok_or_else(|| {
        refuse(format!(
            "`{}` does not say its `language`",
            manifest::FILE_NAME
        ))
    })?;
    name.as_str()
        .parse()
        .map_err(|_| refuse(format!("`language = \"{name}\"` is none that tpo builds")))
}

/// The project's own copy of the contract, or the one of this `tpo`.
fn wit(manifest: &Manifest, directory: &Path, scratch: &Path) -> Result<PathBuf, Failure> {
    if let Some(own) = &manifest.wit {
        return Ok(directory.join(own.as_str()));
    }
    let wit = scratch.join("wit");
    for (name, text) in tpo_bundle::WIT {
        write(&wit.join(name), text.as_bytes())?;
    }
    Ok(wit)
}
