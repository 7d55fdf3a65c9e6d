//! Paths: the data directory, and paths that are relative to a configuration file.

use std::env;
use std::path::{Path, PathBuf};

use tpo_types::{Failure, FailureKind};

/// The directory of downloads: `TPO_DATA_DIR`, else `tpo` in the user's data directory.
///
/// Fails with [`FailureKind::Resources`] if there is neither.
pub fn data_dir() -> Result<PathBuf, Failure> {
    variable("TPO_DATA_DIR")
        .or_else(|| variable("XDG_DATA_HOME").map(|data| data.join("tpo")))
        .or_else(|| env::home_dir().map(|home| home.join(".local/share/tpo")))
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Resources,
                "there is no directory for downloads",
            )
            .hint("set the environment variable `TPO_DATA_DIR`")
        })
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// A model's source with a relative path resolved against `base`. A source that is not an existing
/// path there is returned unchanged.
pub fn resolve_relative(source: &str, base: &Path) -> String {
    let path = base.join(source);
    if path.exists() {
        path.display().to_string()
    } else {
        source.to_owned()
    }
}
