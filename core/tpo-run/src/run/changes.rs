//! Which settings differ between two starts of a run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tpo_types::Failure;

use crate::store::from_json;

/// The settings that differ and affect what is made, one line each.
pub(super) fn changed_settings(before: &str, now: &str) -> Result<Vec<String>, Failure> {
    let (before, now) = (leaves_of(before)?, leaves_of(now)?);
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    Ok(keys
        .into_iter()
        .filter(|key| before.get(*key) != now.get(*key) && affects_outputs(key))
        .map(|key| {
            let value_in = |leaves: &BTreeMap<String, String>| {
                leaves
                    .get(key)
                    .map_or_else(|| "unset".to_owned(), Clone::clone)
            };
            format!("{key}: {} -> {}", value_in(&before), value_in(&now))
        })
        .collect())
}

/// Whether a setting affects what is made. The others affect how fast, and whether at all: what a
/// plugin may use, how a server is asked, how many unscored responses are tolerated. A run that
/// stopped for one of those can be resumed with a higher limit.
fn affects_outputs(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        ["limits", ..] | ["judge", "max_unscored"] => false,
        ["models", _, "server", setting] => matches!(*setting, "base_url" | "model"),
        _ => true,
    }
}

/// The values of a configuration by their dotted keys.
fn leaves_of(text: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut leaves = BTreeMap::new();
    flatten("", &from_json("the configuration", text)?, &mut leaves);
    Ok(leaves)
}

fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(&path, value, leaves);
            }
        }
        leaf => {
            leaves.insert(path.to_owned(), leaf.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_settings_are_named() {
        let changes = changed_settings(
            r#"{"a": {"b": 1, "c": 2}}"#,
            r#"{"a": {"b": 1, "c": 3}, "d": null}"#,
        )
        .expect("JSON");
        assert_eq!(changes, ["a.c: 2 -> 3", "d: unset -> null"]);
    }

    #[test]
    fn a_run_resumes_with_a_higher_limit() {
        let config = |calls: u32, model: &str| {
            let server = format!(r#"{{"model": "{model}", "max_requests": {calls}}}"#);
            let limits = format!(r#"{{"memory_mib": {calls}}}"#);
            format!(
                r#"{{"models": {{"judge": {{"server": {server}}}}}, "limits": {limits}, "judge": {{"max_unscored": 0.{calls}}}}}"#
            )
        };
        let changes = |before: String, now: String| changed_settings(&before, &now).expect("JSON");
        assert!(changes(config(1, "m"), config(2, "m")).is_empty());
        assert_eq!(
            changes(config(1, "m"), config(1, "n")),
            [r#"models.judge.server.model: "m" -> "n""#]
        );
    }
}
