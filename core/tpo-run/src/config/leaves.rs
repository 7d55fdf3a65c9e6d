//! A configuration as values by their dotted keys, and where several of them differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// The values of a configuration by their dotted keys, such as `judge.panel[0].weight`.
pub(crate) type Leaves = BTreeMap<String, Value>;

/// A key whose value is not the same in all configurations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingRow {
    /// The dotted key.
    pub key: String,
    /// One value per configuration; none where the key is not set.
    pub values: Vec<Option<Value>>,
}

/// The values of a configuration. Tables and lists of tables are taken apart; other lists and empty
/// tables are values.
pub(crate) fn leaves_of(config: &Value) -> Leaves {
    let mut leaves = Leaves::new();
    flatten(String::new(), config, &mut leaves);
    leaves
}

/// The keys whose values differ, in the order of their names.
pub(crate) fn differing(configs: &[Leaves]) -> Vec<SettingRow> {
    let keys: BTreeSet<&String> = configs.iter().flat_map(BTreeMap::keys).collect();
    let rows = keys.into_iter().map(|key| SettingRow {
        key: key.clone(),
        values: configs.iter().map(|one| one.get(key).cloned()).collect(),
    });
    rows.filter(|row| row.values.iter().any(|value| *value != row.values[0]))
        .collect()
}

fn flatten(path: String, value: &Value, leaves: &mut Leaves) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(path, value, leaves);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.iter().enumerate() {
                flatten(format!("{path}[{index}]"), item, leaves);
            }
        }
        leaf => {
            leaves.insert(path, leaf.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_tables_are_taken_apart_and_other_lists_are_values() {
        let config = json!({"a": {"b": [1, 2]}, "c": [{"d": 1}, {"d": 2}], "e": {}});
        let keys: Vec<String> = leaves_of(&config).into_keys().collect();
        assert_eq!(keys, ["a.b", "c[0].d", "c[1].d", "e"]);
    }

    #[test]
    fn a_key_that_one_configuration_lacks_differs() {
        let configs = [
            json!({"a": 1, "b": 2}),
            json!({"a": 1}),
            json!({"a": 1, "b": 2}),
        ];
        let rows = differing(&configs.each_ref().map(leaves_of));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].key, "b");
        assert_eq!(rows[0].values, [Some(json!(2)), None, Some(json!(2))]);
    }
}
