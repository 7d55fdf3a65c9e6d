//! Which settings differ between two starts of a run.

use serde_json::Value;
use tpo_types::Failure;

use crate::config::{Leaves, differing, leaves_of};
use crate::store::from_json;

/// The settings that differ and affect what is made, one line each.
pub(super) fn changed_settings(before: &str, now: &str) -> Result<Vec<String>, Failure> {
    let rows = differing(&[read(before)?, read(now)?]);
    Ok(rows
        .into_iter()
        .filter(|row| affects_outputs(&row.key))
        .map(|row| {
            let values: Vec<String> = row.values.iter().map(Option::as_ref).map(shown).collect();
            format!("{}: {}", row.key, values.join(" -> "))
        })
        .collect())
}

fn read(text: &str) -> Result<Leaves, Failure> {
    Ok(leaves_of(&from_json("the configuration", text)?))
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "unset".to_owned(), Value::to_string)
}

/// Whether a setting affects what is made. The others affect how fast, and whether at all: what a
/// plugin may use, how a server is asked, how many unscored responses are tolerated. A run that
/// stopped for one of those can be resumed with a higher limit.
fn affects_outputs(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        ["limits" | "engine", ..] | ["judge", "max_unscored"] => false,
        ["models", _, "server", setting] => matches!(*setting, "base_url" | "model"),
        _ => true,
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
