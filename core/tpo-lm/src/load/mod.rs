//! Models from disk: a `.gguf` file, a directory in Hugging Face layout, or a directory with a PEFT
//! adapter.
//!
//! Everything becomes the same [`Policy`]: `f32` values under Hugging Face names. What cannot be
//! represented exactly is refused by name, never approximated. Knows nothing of networks;
//! [`crate::fetch`] brings models to disk.

pub(crate) mod adapter;
mod config;
pub(crate) mod gguf;
mod hugging_face;
mod limits;
pub(crate) mod safetensors;
mod tensors;

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tpo_types::{Failure, FailureKind};

use self::safetensors::Weights;
use crate::policy::Policy;

const FORMS: &str = "give a `.gguf` file, a directory with `config.json` and `model.safetensors`, \
    or a directory with \
                     `adapter_config.json`";

/// Loads the model at `path`.
///
/// Fails with [`FailureKind::Input`] where a file is missing, damaged, or describes a model that
/// the decoder does not run; the text names the file and the tensor or key.
pub fn load(path: &Path) -> Result<Policy, Failure> {
    let path = fs::canonicalize(path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("no model at `{}`", path.display()),
        )
        .because(error)
        .hint(FORMS)
    })?;
    let policy = if path.is_file() {
        gguf::load(&path)
    } else if path.join(adapter::CONFIG_FILE).is_file() {
        adapter::load(&path)
    } else if path.join(config::CONFIG_FILE).is_file() {
        hugging_face::load(&path)
    } else {
        Err(Failure::new(
            FailureKind::Input,
            format!("`{}` has no `config.json`", path.display()),
        )
        .hint(FORMS))
    }?;
    tracing::debug!(path = %path.display(), values = policy.params.values.len(), "loaded a model");
    Ok(policy)
}

/// A model that is only read with: to write with it, or to score texts by it.
pub(crate) enum Reader {
    /// A language model.
    Language(Policy),
    /// A decoder under another head, and the tensors of that head.
    Backbone(Policy, Weights),
}

/// Loads the model at `path`, which may have another head than that of a language model.
pub(crate) fn load_reader(path: &Path) -> Result<Reader, Failure> {
    if path.join(config::CONFIG_FILE).is_file() && config::has_other_head(path)? {
        let (policy, weights) = hugging_face::load_backbone(path)?;
        return Ok(Reader::Backbone(policy, weights));
    }
    load(path).map(Reader::Language)
}

/// The bytes of a file that must be there.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| unreadable(file, error))
}

/// A JSON file that must be there.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    serde_json::from_slice(&read(file)?)
        .map_err(|error| malformed(format!("`{}` is malformed", file.display())).because(error))
}

/// A JSON file that may be missing.
pub(crate) fn read_json_if_any<T: serde::de::DeserializeOwned>(
    file: &Path,
) -> Result<Option<T>, Failure> {
    if file.exists() {
        read_json(file).map(Some)
    } else {
        Ok(None)
    }
}

/// Runs a library's parser over `file`. On damaged files some of them panic, for example where
/// candle divides by the alignment that a GGUF file names, or where a merge of a tokenizer is
/// longer than every token.
pub(crate) fn parse<T, E>(file: &Path, parser: impl FnOnce() -> Result<T, E>) -> Result<T, Failure>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let damaged = || {
        Failure::new(
            FailureKind::Input,
            format!("`{}` is damaged", file.display()),
        )
        .hint("it was not copied or downloaded completely, or is of another format: get it again")
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
    .hint("check that the model's files are all there and may be read")
}

/// A file of a model is there but does not say what it should.
pub(crate) fn malformed(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Input, what)
        .hint("restore the file as it was published, or get the model again")
}

#[cfg(test)]
mod tests;
