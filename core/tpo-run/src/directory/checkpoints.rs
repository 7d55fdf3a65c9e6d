//! Checkpoints that are complete or absent.
//!
//! A checkpoint is written into a directory of another name, every file and the directory are
//! flushed, and then the directory is renamed. Its manifest holds the size and sha256 of every
//! file; a checkpoint that does not match its manifest is refused. This module handles files and
//! must not depend on models.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tpo_types::digest::{Digest, Hasher};
use tpo_types::{Failure, FailureKind};

const MANIFEST: &str = "MANIFEST.json";

/// The files of a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    files: BTreeMap<String, FileRecord>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileRecord {
    bytes: u64,
    sha256: String,
}

/// An empty directory beside `checkpoint` to write it into. Leftovers of an interrupted run are
/// removed.
pub(crate) fn begin(checkpoint: &Path) -> Result<PathBuf, Failure> {
    let partial = partial(checkpoint);
    let made = remove_all(&partial).and_then(|()| fs::create_dir_all(&partial));
    made.map_err(|error| failed("make", &partial, error))?;
    Ok(partial)
}

/// Where a checkpoint is written until it is complete.
pub(crate) fn partial(checkpoint: &Path) -> PathBuf {
    checkpoint.with_extension("partial")
}

/// Gives a committed checkpoint another name, in place of the checkpoint that has it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    remove_all(to)
        .and_then(|()| fs::rename(from, to))
        .and_then(|()| sync_parent(to))
        .map_err(|error| failed("rename", from, error))
}

/// Makes the files in `partial` the checkpoint, and returns the digest of its manifest.
pub(crate) fn commit(partial: &Path, checkpoint: &Path) -> Result<String, Failure> {
    write_manifest_and_rename(partial, checkpoint)
        .map_err(|error| failed("write", checkpoint, error))
}

fn write_manifest_and_rename(partial: &Path, checkpoint: &Path) -> io::Result<String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(partial)? {
        let entry = entry?;
        File::open(entry.path())?.sync_all()?;
        files.insert(
            entry.file_name().to_string_lossy().into_owned(),
            record(&entry.path())?,
        );
    }
    let manifest = serde_json::to_vec_pretty(&Manifest { files })?;
    fs::write(partial.join(MANIFEST), &manifest)?;
    File::open(partial.join(MANIFEST))?.sync_all()?;
    File::open(partial)?.sync_all()?;
    remove_all(checkpoint)?;
    fs::rename(partial, checkpoint)?;
    sync_parent(checkpoint)?;
    Ok(Digest::of(&manifest).hex())
}

/// Makes a rename survive power loss.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Checks every file of a checkpoint against its manifest, and the manifest against `sha256`.
pub(crate) fn verify(checkpoint: &Path, sha256: &str) -> Result<(), Failure> {
    let manifest =
        fs::read(checkpoint.join(MANIFEST)).map_err(|error| failed("read", checkpoint, error))?;
    if Digest::of(&manifest).hex() != sha256 {
        return Err(changed(&checkpoint.join(MANIFEST)));
    }
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| changed(checkpoint).because(error))?;
    for (name, wanted) in &manifest.files {
        let path = checkpoint.join(name);
        if record(&path).map_err(|error| failed("read", &path, error))? != *wanted {
            return Err(changed(&path));
        }
    }
    Ok(())
}

/// Removes a checkpoint.
pub(crate) fn remove(checkpoint: &Path) -> Result<(), Failure> {
    remove_all(checkpoint).map_err(|error| failed("remove", checkpoint, error))
}

/// Points `link`, a name beside the checkpoints, at one of them.
pub(crate) fn point(link: &Path, checkpoint: &Path) -> Result<(), Failure> {
    let target = checkpoint
        .file_name()
        .map(PathBuf::from)
        .unwrap_or_default();
    link_directory(&target, link).map_err(|error| failed("point to", checkpoint, error))
}

/// Removes a link, if it is there.
pub(crate) fn unpoint(link: &Path) -> Result<(), Failure> {
    match fs::remove_file(link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", link, error)),
        _ => Ok(()),
    }
}

/// Makes or replaces a symbolic link, in one step.
#[cfg(unix)]
fn link_directory(target: &Path, link: &Path) -> io::Result<()> {
    let fresh = link.with_extension("new");
    remove_all(&fresh)?;
    std::os::unix::fs::symlink(target, &fresh)?;
    fs::rename(&fresh, link)
}

/// Makes or replaces a symbolic link. Windows cannot replace one in one step.
#[cfg(windows)]
fn link_directory(target: &Path, link: &Path) -> io::Result<()> {
    match fs::remove_dir(link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::windows::fs::symlink_dir(target, link).map_err(|error| {
        let why = format!("{error}; turn on Developer Mode, which permits symbolic links");
        io::Error::new(error.kind(), why)
    })
}

fn record(path: &Path) -> io::Result<FileRecord> {
    let mut hasher = Hasher::default();
    let bytes = hasher.copy(File::open(path)?, io::sink())?;
    Ok(FileRecord {
        bytes,
        sha256: hasher.finish().hex(),
    })
}

fn remove_all(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failed(verb: &str, path: &Path, error: io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot {verb} the checkpoint `{}`", path.display()),
    )
    .because(error)
    .hint("check free space and permissions; the same command resumes")
}

fn changed(path: &Path) -> Failure {
    Failure::new(
        FailureKind::Integrity,
        format!("`{}` does not match its recorded checksum", path.display()),
    )
    .hint("remove the run directory and start again, or restore the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(root: &Path) -> (PathBuf, String) {
        let checkpoint = root.join("iteration-1");
        let partial = begin(&checkpoint).expect("a directory");
        fs::write(partial.join("model.safetensors"), b"weights").expect("a file");
        let sha256 = commit(&partial, &checkpoint).expect("committed");
        (checkpoint, sha256)
    }

    #[test]
    fn a_committed_checkpoint_verifies_and_a_changed_one_is_refused() {
        let root = tempfile::tempdir().expect("a directory");
        let (checkpoint, sha256) = written(root.path());
        verify(&checkpoint, &sha256).expect("as written");
        fs::write(checkpoint.join("model.safetensors"), b"weightz").expect("a file");
        let refusal = verify(&checkpoint, &sha256).expect_err("changed");
        assert_eq!(refusal.kind(), FailureKind::Integrity);
        assert!(refusal.to_string().contains("model.safetensors"));
    }

    #[test]
    fn an_interrupted_write_leaves_no_checkpoint_and_does_not_disturb_the_next() {
        let root = tempfile::tempdir().expect("a directory");
        let checkpoint = root.path().join("iteration-1");
        let partial = begin(&checkpoint).expect("a directory");
        fs::write(partial.join("half"), b"x").expect("a file");
        assert!(!checkpoint.exists());
        written(root.path());
        assert!(!checkpoint.join("half").exists());
    }

    #[test]
    fn a_link_follows_the_best() {
        let root = tempfile::tempdir().expect("a directory");
        let (checkpoint, _) = written(root.path());
        let link = root.path().join("best");
        point(&link, &checkpoint).expect("pointed");
        point(&link, &checkpoint).expect("pointed again");
        assert!(link.join("model.safetensors").exists());
    }
}
