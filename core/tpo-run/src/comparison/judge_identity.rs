//! What the scores of a judge depend on: its plugins, its configuration and the models it may ask.

use serde_json::{Value, json};

use super::inputs::{RunInputs, judge_keys, own_judge};
use crate::config::{Leaves, leaves_of};

/// What the scores of the judge of a set depend on, by key.
pub(super) fn judge_identity(run: &RunInputs, set: &str) -> Leaves {
    let own = &run.set(set)["judge"];
    let (key, judge) = if own.is_null() {
        ("judge".to_owned(), &run.config["judge"])
    } else {
        (own_judge(set), own)
    };
    let keys = judge_keys(&key, judge);
    let mut judge = judge.clone();
    let (mut asked, mut may_ask_any) = (Vec::new(), false);
    for (key, member) in keys.iter().zip(members(&mut judge)) {
        match member["config"]["model"].as_str() {
            Some(alias) => asked.push(alias.to_owned()),
            None => may_ask_any = true,
        }
        let plugin = run.plugins.get(key).map(|loaded| &loaded.plugin);
        member["plugin"] = plugin.map_or(Value::Null, |plugin| {
            json!(format!("{} sha256:{}", plugin.name, plugin.sha256))
        });
        forget(member);
    }
    forget(&mut judge);
    let mut leaves = leaves_of(&json!({ "judge": judge }));
    // A judge without a setting for its model may ask any: which one is not recorded.
    let models = run.models.iter();
    for model in models.filter(|model| may_ask_any || asked.contains(&model.alias)) {
        let key = format!("models.{}", model.alias);
        leaves.insert(key, Value::from(model.identity.clone()));
    }
    leaves
}

/// Whether a judge reads the category of an instruction to find who of a panel judges it.
pub(super) fn routes_by_category(identity: &Leaves) -> bool {
    identity.keys().any(|key| key.ends_with(".categories"))
}

/// Removes what changes no score: what a judge is called in reports, and how many failures are
/// tolerated.
fn forget(judge: &mut Value) {
    if let Some(fields) = judge.as_object_mut() {
        fields.remove("name");
        fields.remove("max_unscored");
    }
}

/// The tables that name plugins: the judge itself, or the members of its panel.
fn members(judge: &mut Value) -> Vec<&mut Value> {
    let is_panel = judge["panel"].as_array().is_some_and(|all| !all.is_empty());
    if is_panel {
        let panel = judge["panel"].as_array_mut();
        panel.into_iter().flatten().collect()
    } else {
        vec![judge]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tpo_judge::LoadedPlugin;
    use tpo_types::{BoundModel, PluginIdentity, PluginRole};

    use super::*;
    use crate::config::differing;

    fn inputs(judge: &Value, sha256: &str, source: &str, model: &str) -> RunInputs {
        let plugin = LoadedPlugin {
            role: PluginRole::Judge,
            plugin: PluginIdentity {
                name: "mine".into(),
                version: "0.1.0".into(),
                sha256: sha256.into(),
                source: source.into(),
            },
            config: serde_json::Map::new(),
        };
        let models = ["judge", "other"].map(|alias| BoundModel {
            alias: alias.into(),
            identity: format!("{model} {alias}"),
        });
        RunInputs {
            config: json!({"judge": judge, "validation": [{"name": "v"}]}),
            plugins: BTreeMap::from([("judge".to_owned(), plugin)]),
            models: models.to_vec(),
            token_units: None,
            tpo_version: None,
        }
    }

    fn differences(one: &RunInputs, other: &RunInputs) -> Vec<String> {
        let rows = differing(&[judge_identity(one, "v"), judge_identity(other, "v")]);
        rows.into_iter().map(|row| row.key).collect()
    }

    #[test]
    fn a_judge_is_its_code_its_configuration_and_its_models() {
        let judge = |plugin: &str, scale: u32, max_unscored: f64| {
            let config = json!({"scale": scale, "model": "judge"});
            json!({"plugin": plugin, "config": config, "max_unscored": max_unscored})
        };
        let one = inputs(&judge("a/mine.wasm", 5, 0.9), "1234", "a/mine.wasm", "m");
        // Another place and another tolerance change no score.
        let same = inputs(&judge("b/mine.wasm", 5, 0.1), "1234", "b/mine.wasm", "m");
        assert!(differences(&one, &same).is_empty());
        let code = inputs(&judge("a/mine.wasm", 5, 0.9), "5678", "a/mine.wasm", "m");
        assert_eq!(differences(&one, &code), ["judge.plugin"]);
        let config = inputs(&judge("a/mine.wasm", 7, 0.9), "1234", "a/mine.wasm", "m");
        assert_eq!(differences(&one, &config), ["judge.config.scale"]);
        // It says which model it asks, so that the other one is no matter.
        let models = inputs(&judge("a/mine.wasm", 5, 0.9), "1234", "a/mine.wasm", "n");
        assert_eq!(differences(&one, &models), ["models.judge"]);
    }
}
