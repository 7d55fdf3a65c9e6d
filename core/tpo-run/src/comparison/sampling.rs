//! How the answers of two runs to a validation set were sampled.

use serde_json::Value;

use super::run::ComparedRun;
use super::shared::SharedSet;
use crate::config::{Leaves, SettingRow, differing};

/// The settings that answers were sampled with.
const SAMPLING: [&str; 4] = ["temperature", "top_p", "top_k", "max_new_tokens"];
const OF_SET: [&str; 2] = ["num_samples", "resample"];

/// The sampling settings that differ between two runs on a set that they share. A difference
/// between their models may come from these.
pub fn sampling_differences(
    first: &ComparedRun,
    other: &ComparedRun,
    shared: &SharedSet,
) -> Vec<SettingRow> {
    differing(&[
        settings_of(first, &shared.name),
        settings_of(other, &shared.other_name),
    ])
}

fn settings_of(run: &ComparedRun, set: &str) -> Leaves {
    let (config, set) = (&run.inputs.config, run.inputs.set(set));
    let mut leaves = Leaves::new();
    let mut insert = |key: String, value: &Value| {
        if !value.is_null() {
            leaves.insert(key, value.clone());
        }
    };
    for key in OF_SET {
        insert(key.to_owned(), &set[key]);
    }
    for key in SAMPLING {
        insert(format!("sampling.{key}"), &config["sampling"][key]);
    }
    insert(
        "thought.max_tokens".to_owned(),
        &config["thought"]["max_tokens"],
    );
    leaves
}
