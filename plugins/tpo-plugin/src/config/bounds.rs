//! The bounds that a schema sets on numbers: `#[schemars(range(min = 0.0, max = 2.0))]` on a field
//! is its check. The messages are worded like those about the keys of `tpo` itself.

use std::fmt;

use serde_json::{Number, Value};

/// Refuses the first number of `config` that is outside the bounds of `schema`, by its key.
pub(super) fn check(config: &Value, schema: &Value) -> Result<(), String> {
    Checker { root: schema }.check("", config, schema)
}

struct Checker<'a> {
    /// The whole schema, which holds the definitions.
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, path: &str, value: &Value, schema: &Value) -> Result<(), String> {
        if let Some(definition) = schema.get("$ref").and_then(Value::as_str) {
            let definition = self.root.pointer(definition.trim_start_matches('#'));
            return definition.map_or(Ok(()), |schema| self.check(path, value, schema));
        }
        if let Some(alternatives) = alternatives(schema) {
            return self.check_alternatives(path, value, alternatives);
        }
        match value {
            Value::Number(number) => check_number(path, number, schema),
            Value::Array(values) => values.iter().enumerate().try_for_each(|(index, value)| {
                self.check(&format!("{path}[{index}]"), value, &schema["items"])
            }),
            Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
                let dot = if path.is_empty() { "" } else { "." };
                let schema = &schema["properties"][key];
                self.check(&format!("{path}{dot}{key}"), value, schema)
            }),
            Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        }
    }

    /// A value fits if one of the alternatives for its type accepts it.
    fn check_alternatives(
        &self,
        path: &str,
        value: &Value,
        alternatives: &[Value],
    ) -> Result<(), String> {
        let mut refusal = Ok(());
        for schema in alternatives
            .iter()
            .filter(|schema| self.is_for(schema, value))
        {
            refusal = self.check(path, value, schema);
            if refusal.is_ok() {
                break;
            }
        }
        refusal
    }

    /// Whether a schema is for values of the type of `value`. One without a type is for all.
    fn is_for(&self, schema: &Value, value: &Value) -> bool {
        if let Some(definition) = schema.get("$ref").and_then(Value::as_str) {
            let definition = self.root.pointer(definition.trim_start_matches('#'));
            return definition.is_none_or(|schema| self.is_for(schema, value));
        }
        if let Some(alternatives) = alternatives(schema) {
            return alternatives.iter().any(|schema| self.is_for(schema, value));
        }
        match (&schema["type"], value) {
            (Value::String(name), Value::Number(_)) => name == "number" || name == "integer",
            (Value::String(name), Value::Object(_)) => name == "object",
            (Value::String(name), Value::Array(_)) => name == "array",
            (Value::String(name), Value::String(_)) => name == "string",
            (Value::String(name), Value::Bool(_)) => name == "boolean",
            (Value::String(name), Value::Null) => name == "null",
            _ => true,
        }
    }
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    let alternatives = schema.get("anyOf").or_else(|| schema.get("oneOf"))?;
    alternatives.as_array()
}

fn check_number(path: &str, number: &Number, schema: &Value) -> Result<(), String> {
    let range = Bounds::of(schema);
    if number.as_f64().is_none_or(|number| range.contains(number)) {
        return Ok(());
    }
    // As the user wrote it: `1` where JSON says `1.0`.
    let shown = match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    };
    Err(format!("`{path}` is {shown}; it must be {range}"))
}

/// The bounds that a schema sets.
struct Bounds {
    min: Option<f64>,
    exclusive_min: Option<f64>,
    max: Option<f64>,
    exclusive_max: Option<f64>,
}

impl Bounds {
    fn of(schema: &Value) -> Self {
        let bound = |name| schema.get(name).and_then(Value::as_f64);
        Self {
            min: bound("minimum"),
            exclusive_min: bound("exclusiveMinimum"),
            max: bound("maximum"),
            exclusive_max: bound("exclusiveMaximum"),
        }
    }

    fn contains(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min)
            && self.exclusive_min.is_none_or(|min| number > min)
            && self.max.is_none_or(|max| number <= max)
            && self.exclusive_max.is_none_or(|max| number < max)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(min), None, Some(max), None) =
            (self.min, self.exclusive_min, self.max, self.exclusive_max)
        {
            return write!(f, "between {min} and {max}");
        }
        let bounds = [
            ("at least", self.min),
            ("more than", self.exclusive_min),
            ("at most", self.max),
            ("less than", self.exclusive_max),
        ];
        let bounds: Vec<String> = bounds
            .iter()
            .filter_map(|(words, bound)| Some(format!("{words} {}", (*bound)?)))
            .collect();
        f.write_str(&bounds.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Config {
        #[schemars(range(min = 0.0, max = 1.0))]
        fraction: f64,
        #[schemars(inner(range(min = 1)))]
        counts: Vec<u32>,
        inner: Option<Inner>,
        either: Either,
        #[schemars(extend("exclusiveMinimum" = 0))]
        scale: f64,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Inner {
        #[schemars(range(max = 9))]
        most: u32,
    }

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Either {
        Number(#[schemars(range(max = 2.0))] f64),
        Text(String),
        Word(Word),
    }

    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Word {
        /// A description makes it an alternative of its own.
        Auto,
    }

    fn checked(config: &Value) -> Result<(), String> {
        check(config, schemars::schema_for!(Config).as_value())
    }

    #[test]
    fn numbers_within_bounds_pass() {
        let config = json!({"fraction": 1, "counts": [1, 7], "inner": {"most": 0}, "either": 2.0});
        assert_eq!(checked(&config), Ok(()));
        assert_eq!(checked(&json!({"inner": null, "either": "x"})), Ok(()));
    }

    #[test]
    fn numbers_outside_bounds_are_refused_by_key() {
        for (config, refusal) in [
            (
                json!({"fraction": -0.1}),
                "`fraction` is -0.1; it must be between 0 and 1",
            ),
            (
                json!({"counts": [1, 0]}),
                "`counts[1]` is 0; it must be at least 1",
            ),
            (
                json!({"inner": {"most": 10}}),
                "`inner.most` is 10; it must be between 0 and 9",
            ),
            (
                json!({"either": 2.5}),
                "`either` is 2.5; it must be at most 2",
            ),
            (
                json!({"scale": 0.0}),
                "`scale` is 0; it must be more than 0",
            ),
        ] {
            assert_eq!(checked(&config), Err(refusal.into()));
        }
    }
}
