//! Builds the component of a project. Each language has a file; this one has what they share.

mod c;
mod go;
mod javascript;
mod job;
mod python;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tpo_bundle::{BundleManifest, manifest};
use tpo_types::{Failure, FailureKind};

use crate::create::write;
use crate::{Language, world};
use job::{Job, read};

/// A component that was built.
#[derive(Debug)]
pub struct Built {
    /// The file.
    pub component: PathBuf,
    /// Output of the compiler, for example warnings.
    pub tool_output: String,
}

/// Builds the component of the project in `directory`, whose manifest names its language.
///
/// Compilers are installed in `tools`; `on_status` is called before one is downloaded.
pub fn build(directory: &Path, tools: &Path, on_status: &dyn Fn(&str)) -> Result<Built, Failure> {
    let manifest = read_manifest(directory)?;
    // Compilers run in the project's directory, so their arguments must be absolute paths.
    let absolute = directory.canonicalize().map_err(|error| {
        Failure::new(
            FailureKind::Resources,
            format!("`{}` cannot be opened", directory.display()),
        )
        .because(error)
    })?;
    let [component] = manifest.components.as_slice() else {
        let what = format!(
            "`{}` has several components, but a project builds only one",
            manifest.name
        );
        return Err(Failure::new(FailureKind::Input, what)
            .hint("create a project for each, and publish the built files together"));
    };
    let scratch = TempDir::new().map_err(|error| {
        Failure::new(
            FailureKind::Resources,
            "cannot create a temporary directory",
        )
        .because(error)
    })?;
    let job = Job {
        directory: &absolute,
        wit: &wit(&manifest, &absolute, scratch.path())?,
        world: world::of(component, &manifest)?,
        tools,
        on_status,
    };
    let built = scratch.path().join("component.wasm");
    let tool_output = match language(&manifest)? {
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
        tool_output,
    })
}

fn read_manifest(directory: &Path) -> Result<BundleManifest, Failure> {
    let path = directory.join(manifest::FILE_NAME);
    let text = fs::read_to_string(&path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` cannot be read", path.display()),
        )
        .because(error)
        .hint("give the directory of a project; `tpo plugin new` creates one")
    })?;
    BundleManifest::parse(&text, &path.display().to_string())
}

fn language(manifest: &BundleManifest) -> Result<Language, Failure> {
    let refuse = |what: String| {
        let languages = Language::ALL.map(Language::as_str).join(", ");
        Failure::new(FailureKind::Input, what).hint(format!("the languages are {languages}"))
    };
    let name = manifest.language.as_ref();
    let name =
        name.ok_or_else(|| refuse(format!("`{}` has no `language`", manifest::FILE_NAME)))?;
    name.as_str()
        .parse()
        .map_err(|_| refuse(format!("tpo cannot build `language = \"{name}\"`")))
}

/// The directory of the project's copy of the contract, or of a copy of the built-in one.
fn wit(manifest: &BundleManifest, directory: &Path, scratch: &Path) -> Result<PathBuf, Failure> {
    if let Some(own) = &manifest.wit {
        return Ok(directory.join(own.as_str()));
    }
    let wit = scratch.join("wit");
    for (name, text) in tpo_bundle::WIT {
        write(&wit.join(name), text.as_bytes())?;
    }
    Ok(wit)
}
