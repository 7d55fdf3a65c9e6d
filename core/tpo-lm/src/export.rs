//! Models to disk, in the layout that Hugging Face's libraries read: a whole model, or a PEFT
//! adapter.
//!
//! The same policy always gives the same bytes. Knows nothing of where the directory ends up: the
//! caller gives it a temporary name and renames it when this returns.

mod adapter;
mod model;
mod weights;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use tpo_types::{Failure, FailureKind};

use crate::policy::Policy;

/// Writes `policy` into `directory`, which exists and is empty: its adapter where it has one, else
/// the whole model in `f32`. Everything is on disk when this returns.
///
/// Fails with [`FailureKind::Resources`] where a file cannot be written; the directory is then of
/// no use.
pub fn write(policy: &Policy, directory: &Path) -> Result<(), Failure> {
    match &policy.adapter {
        Some(adapter) => adapter::write(adapter, &policy.source, directory)?,
        None => model::write(policy, directory)?,
    }
    sync_directory(directory)
}

fn unwritable(file: &Path, error: std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write `{}`", file.display()),
    )
    .because(error)
    .hint("check free space and permissions")
}

fn write_file(
    file: &Path,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let written = File::create(file).and_then(|mut opened| {
        write(&mut opened)?;
        opened.sync_all()
    });
    written.map_err(|error| unwritable(file, error))
}

fn write_bytes(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_file(file, |opened| opened.write_all(bytes))
}

fn write_json(file: &Path, value: &Value) -> Result<(), Failure> {
    write_bytes(file, format!("{value:#}\n").as_bytes())
}

/// Makes the names of the files durable, where the system can.
fn sync_directory(directory: &Path) -> Result<(), Failure> {
    if cfg!(unix) {
        fs::File::open(directory)
            .and_then(|opened| opened.sync_all())
            .map_err(|error| unwritable(directory, error))?;
    }
    Ok(())
}

/// The decimal number that people would write for `value`: widened as it is, `1e-5` would become
/// `9.999999747378752e-06`. Reading it back gives `value` again.
fn decimal(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}

#[cfg(test)]
mod tests;
