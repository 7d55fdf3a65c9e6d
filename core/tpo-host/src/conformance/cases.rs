//! An author's cases: items for a plugin, and the expected outcomes.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use tpo_types::{Failure, FailureKind, PluginRole};

use crate::roles;

/// A line of `cases.jsonl`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The plugin's configuration.
    #[serde(default = "no_config")]
    pub config: Value,
    /// The items of one call.
    pub input: Vec<Value>,
    /// One expected outcome per item. A field that is left out may have any value. Without it, any
    /// outcomes that keep the contract will do.
    pub expect: Option<Vec<Value>>,
}

fn no_config() -> Value {
    Value::Object(Map::new())
}

impl Case {
    /// Reads a file with one case per line.
    pub fn read(path: &Path) -> Result<Vec<Self>, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::new(
                FailureKind::Input,
                format!("cannot read the cases `{}`", path.display()),
            )
            .because(error)
        })?;
        let lines = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.trim().is_empty());
        let cases = lines.map(|(line, number)| {
            serde_json::from_str(line).map_err(|error| {
                Failure::new(
                    FailureKind::Input,
                    format!("{}:{number}: this is not a case", path.display()),
                )
                .because(error)
                .hint("a case is a line of JSON with `input`, and optionally `config` and `expect`")
            })
        });
        cases.collect()
    }

    /// One case of the role's samples.
    pub fn samples(role: PluginRole) -> Result<Vec<Self>, Failure> {
        let input = serde_json::from_str(roles::samples(role)).map_err(|error| {
            Failure::new(FailureKind::Bug, "the sample items do not parse").because(error)
        })?;
        Ok(vec![Self {
            config: no_config(),
            input,
            expect: None,
        }])
    }

    /// Compares the outcomes with the expected ones.
    pub(super) fn compare(&self, outcomes: &[Value]) -> Result<(), String> {
        let Some(expected) = &self.expect else {
            return Ok(());
        };
        if expected.len() != outcomes.len() {
            return Err(format!(
                "expected {} outcomes, got {}",
                expected.len(),
                outcomes.len()
            ));
        }
        let differing = expected
            .iter()
            .zip(outcomes)
            .zip(1..)
            .find(|((expected, outcome), _)| !covers(expected, outcome));
        match differing {
            None => Ok(()),
            Some(((expected, outcome), number)) => {
                Err(format!("item {number}: expected {expected}, got {outcome}"))
            }
        }
    }
}

/// Whether everything that is expected is there.
fn covers(expected: &Value, outcome: &Value) -> bool {
    match (expected, outcome) {
        (Value::Object(expected), Value::Object(outcome)) => expected
            .iter()
            .all(|(key, value)| outcome.get(key).is_some_and(|found| covers(value, found))),
        (Value::Array(expected), Value::Array(outcome)) => {
            expected.len() == outcome.len()
                && expected
                    .iter()
                    .zip(outcome)
                    .all(|(expected, found)| covers(expected, found))
        }
        // 1 and 1.0 are the same number in JSON.
        (Value::Number(expected), Value::Number(outcome)) => expected.as_f64() == outcome.as_f64(),
        _ => expected == outcome,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_may_be_anything() {
        let outcome =
            json!([{"Score": {"value": 1.0, "rationale": "long", "aspects": [["words", 3.0]]}}]);
        assert!(covers(&json!([{"Score": {"value": 1}}]), &outcome));
        assert!(covers(
            &json!([{"Score": {"aspects": [["words", 3]]}}]),
            &outcome
        ));
        for other in [
            json!([{"Score": {"value": 2}}]),
            json!([]),
            json!([{"Unscored": "x"}]),
            json!([{"Score": {"why": 1}}]),
        ] {
            assert!(!covers(&other, &outcome), "{other}");
        }
    }
}
