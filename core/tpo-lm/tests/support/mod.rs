//! The tiny models and golden numbers that the tests read.
#![expect(
    clippy::unwrap_used,
    reason = "a missing fixture should stop the test where it is read"
)]

use std::path::PathBuf;

use safetensors::SafeTensors;
use serde_json::Value;
use tpo_lm::load;
use tpo_lm::model::Model;
use tpo_lm::params::Entry;

/// The families that have golden numbers.
pub(crate) fn families() -> Vec<String> {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let mut families: Vec<String> = std::fs::read_dir(golden)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name();
            Some(name.to_str()?.strip_suffix(".safetensors")?.to_owned())
        })
        .collect();
    families.sort();
    assert!(families.len() >= 4, "{families:?}");
    families
}

/// A tiny model and the numbers that torch, transformers and peft made of it.
pub(crate) struct Golden {
    pub policy: Model,
    pub json: Value,
    tensors: Vec<u8>,
}

impl Golden {
    /// Reads the model and the numbers of a family.
    pub(crate) fn read(family: &str) -> Self {
        let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let policy = load::load(&tests.join(format!("fixtures/models/tiny-{family}"))).unwrap();
        let golden = tests.join("golden");
        let json =
            serde_json::from_slice(&std::fs::read(golden.join(format!("{family}.json"))).unwrap())
                .unwrap();
        let tensors = std::fs::read(golden.join(format!("{family}.safetensors"))).unwrap();
        Self {
            policy,
            json,
            tensors,
        }
    }

    /// A golden tensor.
    pub(crate) fn tensor(&self, name: &str) -> Vec<f32> {
        let tensors = SafeTensors::deserialize(&self.tensors).unwrap();
        let (chunks, _) = tensors.tensor(name).unwrap().data().as_chunks::<4>();
        chunks
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }

    /// Golden tensors under `prefix`, in the places of `entries`.
    pub(crate) fn fill(&self, entries: &[Entry], values: &mut [f32], prefix: &str) {
        for entry in entries {
            values[entry.range.clone()]
                .copy_from_slice(&self.tensor(&format!("{prefix}{}", entry.name)));
        }
    }
}

/// The token ids of a JSON list.
pub(crate) fn ids(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_u64().unwrap() as u32)
        .collect()
}

/// The numbers of a JSON list.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

/// `|actual - expected| / |expected|` in the Euclidean norm.
pub(crate) fn relative_error(actual: &[f32], expected: &[f32]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| {
        values.map(|value| value * value).sum::<f64>().sqrt()
    };
    let difference = norm(
        &mut actual
            .iter()
            .zip(expected)
            .map(|(a, e)| f64::from(*a) - f64::from(*e)),
    );
    difference / norm(&mut expected.iter().map(|e| f64::from(*e)))
}
