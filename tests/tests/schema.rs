//! The JSON Schema of the configuration describes every key, and the example configurations fit it.

use std::fs;

use serde_json::Value;
use tpo_tests::{Workplace, root};

fn schema() -> Value {
    serde_json::from_str(&Workplace::new().succeeds(&["schema"]).stdout)
        .expect("the schema is JSON")
}

#[test]
fn every_key_is_described() {
    fn check(schema: &Value, path: &str) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, property) in properties {
                let described = property
                    .get("description")
                    .and_then(Value::as_str)
                    .is_some_and(|text| text.len() > 10);
                assert!(described, "`{path}.{key}` has no description");
                check(property, &format!("{path}.{key}"));
            }
        }
        for definition in schema
            .get("$defs")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            check(definition.1, definition.0);
        }
    }
    let schema = schema();
    assert!(schema.pointer("/properties/sampling").is_some());
    check(&schema, "");
}

#[test]
fn the_examples_fit_the_schema() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is valid");
    let mut checked = 0;
    for entry in fs::read_dir(root().join("examples")).expect("there are examples") {
        let config = entry.expect("an entry").path().join("tpo.toml");
        let Ok(text) = fs::read_to_string(&config) else {
            continue;
        };
        let parsed: toml::Value = toml::from_str(&text).expect("an example is TOML");
        let as_json = serde_json::to_value(parsed).expect("TOML is JSON");
        let problems: Vec<String> = validator
            .iter_errors(&as_json)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", config.display());
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn the_schema_refuses_what_tpo_refuses() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is valid");
    let good = serde_json::json!({
        "name": "x", "data": { "train": "t" }, "validation": [{ "data": "v" }],
    });
    assert!(validator.is_valid(&good));
    let mut typo = good.clone();
    typo["samplng"] = serde_json::json!({});
    assert!(!validator.is_valid(&typo));
    let mut out_of_range = good;
    out_of_range["sampling"] = serde_json::json!({ "top_p": 1.5 });
    assert!(!validator.is_valid(&out_of_range));
}
