//! Fixtures of this crate's tests: the repository's tiny models and golden numbers, and damaged
//! copies of them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// The tiny models with golden numbers, in Hugging Face layout: tied and untied heads, biases, head
/// norms, RoPE scaling.
pub(crate) fn tiny_models() -> Vec<String> {
    let golden = fs::read_dir(tests().join("golden")).expect("golden files");
    let mut models: Vec<String> = golden
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name();
            let family = name.to_str()?.strip_suffix(".safetensors")?.to_owned();
            Some(format!("tiny-{family}"))
        })
        .collect();
    models.sort();
    assert!(models.len() >= 4, "{models:?}");
    models
}

/// The directory of a tiny model.
pub(crate) fn model(name: &str) -> PathBuf {
    tests().join("fixtures/models").join(name)
}

/// A file of golden numbers.
pub(crate) fn golden(name: &str) -> Value {
    let text = fs::read(tests().join("golden").join(name)).expect("the golden file is there");
    serde_json::from_slice(&text).expect("the golden file is JSON")
}

/// A copy of a tiny model, to be changed.
pub(crate) fn copy(name: &str) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    for entry in fs::read_dir(model(name)).expect("the fixture is there") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), directory.path().join(entry.file_name())).expect("a copy");
    }
    directory
}

/// Changes a JSON file in place.
pub(crate) fn edit_json(file: &Path, edit: impl FnOnce(&mut Value)) {
    let mut json = serde_json::from_slice(&fs::read(file).expect("the file is there"))
        .expect("the file is JSON");
    edit(&mut json);
    fs::write(file, json.to_string()).expect("the file can be written");
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}
