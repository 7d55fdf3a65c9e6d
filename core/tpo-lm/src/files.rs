//! Reading and writing the files of a model, with failures that name the file.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tpo_types::{Failure, FailureKind};

/// The bytes of a file that must exist.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| unreadable(file, error))
}

/// A JSON file that must exist.
pub(crate) fn read_json<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    serde_json::from_slice(&read(file)?)
        .map_err(|error| malformed(format!("`{}` is malformed", file.display())).because(error))
}

/// A JSON file that may be missing.
pub(crate) fn read_json_if_any<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, Failure> {
    if file.exists() {
        read_json(file).map(Some)
    } else {
        Ok(None)
    }
}

/// Runs a library's parser over `file`. Some of them panic on damaged files: candle divides by the
/// alignment that a GGUF file gives, and the tokenizer library by the length of a merge.
pub(crate) fn parse<T, E>(file: &Path, parser: impl FnOnce() -> Result<T, E>) -> Result<T, Failure>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let damaged = || {
        Failure::new(
            FailureKind::Input,
            format!("`{}` is damaged", file.display()),
        )
        .hint("the download is incomplete or the file has another format: download it again")
    };
    catch_unwind(AssertUnwindSafe(parser))
        .map_err(|_| damaged())?
        .map_err(|error| damaged().because(error))
}

/// `file` could not be opened or read.
pub(crate) fn unreadable(file: &Path, error: std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("cannot read `{}`", file.display()),
    )
    .because(error)
    .hint("check that all files of the model exist and are readable")
}

/// A file of a model exists but its content is wrong.
pub(crate) fn malformed(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Input, what)
        .hint("restore the published file, or download the model again")
}

/// Creates `file`, fills it with `write` and syncs it to disk.
pub(crate) fn write(
    file: &Path,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let written = File::create(file).and_then(|mut opened| {
        write(&mut opened)?;
        opened.sync_all()
    });
    written.map_err(|error| unwritable(file, error))
}

/// Writes `bytes` to `file` and syncs it to disk.
pub(crate) fn write_bytes(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(file, |opened| opened.write_all(bytes))
}

/// Writes indented JSON to `file` and syncs it to disk.
pub(crate) fn write_json(file: &Path, value: &Value) -> Result<(), Failure> {
    write_bytes(file, format!("{value:#}\n").as_bytes())
}

/// Syncs the names of the files in `directory` to disk, where the system can.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), Failure> {
    if cfg!(unix) {
        File::open(directory)
            .and_then(|opened| opened.sync_all())
            .map_err(|error| unwritable(directory, error))?;
    }
    Ok(())
}

fn unwritable(file: &Path, error: std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write `{}`", file.display()),
    )
    .because(error)
    .hint("check free space and permissions")
}
