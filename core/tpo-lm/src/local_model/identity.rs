//! A model's identity: the digest of its files, on which its answers depend.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tpo_types::Failure;

use crate::files::unreadable;

/// Extensions of the files of a model directory that its answers can depend on.
const ENDINGS: [&str; 4] = ["json", "safetensors", "jinja", "model"];

/// `sha256:` and the digest of the model at `path`: of a file, or of the names and contents of all
/// files of a directory. The digest of an adapter directory includes the base model's path only, not
/// its content.
pub fn identity(path: &Path) -> Result<String, Failure> {
    let mut hash = Sha256::new();
    if path.is_file() {
        update(&mut hash, path)?;
    } else {
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
    }
    let digest = hash.finalize();
    Ok(digest.iter().fold("sha256:".to_owned(), |text, byte| {
        format!("{text}{byte:02x}")
    }))
}

fn update(hash: &mut Sha256, file: &Path) -> Result<(), Failure> {
    let failed = |error| unreadable(file, error);
    let mut open = File::open(file).map_err(failed)?;
    hash.update(open.metadata().map_err(failed)?.len().to_le_bytes());
    let mut piece = vec![0; 1 << 20];
    loop {
        match open.read(&mut piece).map_err(failed)? {
            0 => return Ok(()),
            read => hash.update(&piece[..read]),
        }
    }
}
