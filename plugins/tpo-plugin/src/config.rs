//! Reads a plugin's configuration, and names the key that is wrong.
//!
//! Ignoring a misspelled key can waste a day of training. Keys that the schema does not name are
//! therefore refused, even if the plugin does not tell serde to, and so are numbers outside the
//! schema's bounds.

mod bounds;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// JSON Schema of a configuration, as text.
pub(crate) fn schema<C: JsonSchema>() -> String {
    schemars::schema_for!(C).as_value().to_string()
}

/// Reads a configuration; an empty text is an empty object.
pub(crate) fn read<C: DeserializeOwned + JsonSchema>(text: &str) -> Result<C, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let config: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(given) = &config else {
        return Err("the configuration must be a JSON object".into());
    };
    let schema = schemars::schema_for!(C);
    let mut known = Vec::new();
    collect_keys(schema.as_value(), &mut known);
    if let (Some(key), false) = (
        given.keys().find(|key| !known.contains(&key.as_str())),
        known.is_empty(),
    ) {
        return Err(unknown(key, &known));
    }
    let read = serde_path_to_error::deserialize(&config).map_err(|error| {
        match error.path().to_string().as_str() {
            "." => plain_types(&error.inner().to_string()),
            path => format!("`{path}`: {}", plain_types(&error.inner().to_string())),
        }
    })?;
    bounds::check(&config, schema.as_value())?;
    Ok(read)
}

/// A message of serde without the names of Rust's number types.
fn plain_types(message: &str) -> String {
    let Some((before, expected)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let plain = match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a non-negative integer",
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
        other => other,
    };
    format!("{before}expected {plain}")
}

/// The property names of an object schema and of the alternatives of an enum.
fn collect_keys<'a>(schema: &'a Value, keys: &mut Vec<&'a str>) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        keys.extend(properties.keys().map(String::as_str));
    }
    for branch in ["oneOf", "anyOf", "allOf"]
        .iter()
        .filter_map(|name| schema.get(name)?.as_array())
        .flatten()
    {
        collect_keys(branch, keys);
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let near: Vec<(usize, &str)> = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(key, candidate), *candidate))
        .filter(|(typos, candidate)| *typos <= 1 + candidate.len() / 4)
        .collect();
    let least = near.iter().map(|(typos, _)| *typos).min();
    let nearest: Vec<&str> = near
        .iter()
        .filter(|(typos, _)| Some(*typos) == least)
        .map(|(_, candidate)| *candidate)
        .collect();
    if nearest.is_empty() {
        format!("unknown key `{key}`; the keys are {}", quoted(known, ", "))
    } else {
        format!(
            "unknown key `{key}`; did you mean {}?",
            quoted(&nearest, " or ")
        )
    }
}

fn quoted(keys: &[&str], separator: &str) -> String {
    keys.iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(separator)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::NoConfig;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Config {
        words: u32,
        weights: Vec<f64>,
        weighty: Option<bool>,
    }

    impl Default for Config {
        fn default() -> Self {
            Self {
                words: 5,
                weights: vec![1.0],
                weighty: None,
            }
        }
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        assert_eq!(read::<Config>(text).expect_err(text), reason);
    }

    #[test]
    fn nothing_gives_the_defaults() {
        for text in ["", " ", "{}"] {
            assert_eq!(read::<Config>(text), Ok(Config::default()));
            assert_eq!(read::<NoConfig>(text), Ok(NoConfig {}));
        }
    }

    #[test]
    fn a_given_key_leaves_the_others() {
        assert_eq!(
            read::<Config>(r#"{"words": 9}"#),
            Ok(Config {
                words: 9,
                ..Config::default()
            })
        );
    }

    #[test]
    fn wrong_configurations_are_refused_by_key() {
        refused("[]", "the configuration must be a JSON object");
        refused(
            r#"{"wrods": 9}"#,
            "unknown key `wrods`; did you mean `words`?",
        );
        refused(
            r#"{"weightz": 9}"#,
            "unknown key `weightz`; did you mean `weights` or `weighty`?",
        );
        refused(
            r#"{"xyz": 9}"#,
            "unknown key `xyz`; the keys are `words`, `weights`, `weighty`",
        );
        refused(
            r#"{"words": -1}"#,
            "`words`: invalid value: integer `-1`, expected a non-negative integer",
        );
        refused(
            r#"{"weights": [1, "a"]}"#,
            "`weights[1]`: invalid type: string \"a\", expected a number",
        );
        assert!(read::<NoConfig>(r#"{"a": 1}"#).is_err());
        assert!(read::<Config>("{").is_err());
    }
}
