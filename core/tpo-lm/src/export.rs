//! Models to disk, in the layout that Hugging Face's libraries read: a whole model, or a PEFT
//! adapter.
//!
//! The same model always gives the same bytes. To make an export atomic, the caller writes to a
//! temporary directory and renames it.

mod adapter;
mod decimal;
mod model;
mod weights;

use std::path::Path;

use tpo_types::Failure;

use crate::files::sync_directory;
use crate::model::Model;

/// Writes `model` into `directory`, which exists and is empty: its adapter if it has one, else the
/// whole model in `f32`. All files are synced to disk when this returns.
///
/// Fails with [`tpo_types::FailureKind::Resources`] if a file cannot be written; the directory is
/// then incomplete.
pub fn write(model: &Model, directory: &Path) -> Result<(), Failure> {
    match &model.adapter {
        Some(adapter) => adapter::write(adapter, &model.source, directory)?,
        None => model::write(model, directory)?,
    }
    sync_directory(directory)
}

#[cfg(test)]
mod tests;
