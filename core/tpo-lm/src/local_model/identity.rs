//! A model's identity: the digest of its files, on which its answers depend.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tpo_types::digest::Hasher;
use tpo_types::{Failure, FailureKind};

use crate::files::unreadable;
use crate::load::base_of_adapter;

/// Extensions of the files of a model directory that its answers can depend on.
const ENDINGS: [&str; 4] = ["json", "safetensors", "jinja", "model"];

/// `sha256:` and the digest of the model at `path`: of a file, or of the names and contents of all
/// files of a directory, and of the base model's if it is an adapter.
pub fn identity(path: &Path) -> Result<String, Failure> {
    let mut hash = Hasher::default();
    if path.is_file() {
        update(&mut hash, path)?;
    } else {
        check_is_model(path)?;
        let entries = fs::read_dir(path).map_err(|error| unreadable(path, error))?;
        let files: Result<Vec<PathBuf>, io::Error> =
            entries.map(|entry| Ok(entry?.path())).collect();
        let mut files = files.map_err(|error| unreadable(path, error))?;
        files.retain(|file| {
            file.extension()
                .is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
        });
        files.sort();
        for file in files {
            hash.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update([0]);
            update(&mut hash, &file)?;
        }
        if let Some(base) = base_of_adapter(path)? {
            hash.update(identity(&base)?);
        }
    }
    Ok(hash.finish().to_string())
}

/// Fails if a directory is not that of a model, such as that of a run.
fn check_is_model(path: &Path) -> Result<(), Failure> {
    let needed = ["config.json", "adapter_config.json"];
    if !path.is_dir() || needed.iter().any(|file| path.join(file).is_file()) {
        return Ok(());
    }
    let what = format!(
        "`{}` is not a model: it has neither `{}` nor `{}`",
        path.display(),
        needed[0],
        needed[1]
    );
    Err(Failure::new(FailureKind::Input, what)
        .hint("the best model of a run is in its `checkpoints/best`"))
}

fn update(hash: &mut Hasher, file: &Path) -> Result<(), Failure> {
    let failed = |error| unreadable(file, error);
    let open = File::open(file).map_err(failed)?;
    hash.update(open.metadata().map_err(failed)?.len().to_le_bytes());
    hash.copy(open, io::sink()).map_err(failed)?;
    Ok(())
}
