//! Which settings of runs differ, and which plugins and models although the settings may be equal.

use serde_json::{Map, Value};

use super::run::ComparedRun;
use crate::config::{Leaves, SettingRow, differing, leaves_of};

/// The settings that differ, one row per key. Validation sets are named, not numbered.
pub fn differing_settings(runs: &[ComparedRun]) -> Vec<SettingRow> {
    let settings: Vec<Leaves> = runs
        .iter()
        .map(|run| settings_of(&run.inputs.config))
        .collect();
    differing(&settings)
}

/// The plugins, models and versions of tpo that differ, one row each.
pub fn differing_components(runs: &[ComparedRun]) -> Vec<SettingRow> {
    let components: Vec<Leaves> = runs.iter().map(components_of).collect();
    differing(&components)
}

fn settings_of(config: &Value) -> Leaves {
    let mut config = config.clone();
    let sets = config["validation"].take();
    let sets: Vec<Value> = sets.as_array().cloned().unwrap_or_default();
    let name = |set: &Value| set["name"].as_str().unwrap_or_default().to_owned();
    let order: Vec<String> = sets.iter().map(name).collect();
    let by_name: Map<String, Value> = sets
        .into_iter()
        .map(|mut set| {
            let name = name(&set);
            if let Some(fields) = set.as_object_mut() {
                fields.remove("name");
            }
            (name, set)
        })
        .collect();
    config["validation"] = Value::Object(by_name);
    let mut leaves = leaves_of(&config);
    leaves.insert("validation".into(), Value::from(order));
    leaves
}

fn components_of(run: &ComparedRun) -> Leaves {
    let mut leaves = Leaves::new();
    for (key, loaded) in &run.inputs.plugins {
        let plugin = &loaded.plugin;
        let value = format!("{} sha256:{}", plugin.name, plugin.sha256);
        leaves.insert(format!("{key} (plugin)"), Value::from(value));
    }
    for model in &run.inputs.models {
        let identity = Value::from(model.identity.clone());
        leaves.insert(format!("models.{} (model)", model.alias), identity);
    }
    if let Some(identity) = run.base_identity() {
        leaves.insert("model (base model)".into(), Value::from(identity));
    }
    if let Some(version) = &run.inputs.tpo_version {
        leaves.insert("tpo (version)".into(), Value::from(version.clone()));
    }
    leaves
}
