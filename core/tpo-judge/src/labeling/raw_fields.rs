//! The fields of a row as they are written in the file.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Deserializer, Value};
use tpo_types::RowProblem;

/// The fields of a row in their order, with the text of each value, so that writing the row again
/// changes no value: not the digits of a number and not the escapes of a text.
#[derive(Debug)]
pub(super) struct RawFields(Vec<RawField>);

#[derive(Debug)]
struct RawField {
    name: String,
    /// JSON.
    value: String,
}

impl RawFields {
    /// The fields of a row, which must be a JSON object. No name may be there twice.
    pub(super) fn parse(row: &str) -> Result<Self, RowProblem> {
        let fields = split(row).ok_or_else(|| RowProblem::new("the row is not a JSON object"))?;
        for (index, field) in fields.iter().enumerate() {
            if fields[..index]
                .iter()
                .any(|before| before.name == field.name)
            {
                return Err(RowProblem::new(format!(
                    "`{}` is given twice",
                    tpo_types::text::escape(&field.name)
                )));
            }
        }
        Ok(Self(fields))
    }

    /// Sets a field: at its place if it exists, or else at the end. A value that is equal to the
    /// present one changes nothing.
    pub(super) fn set(&mut self, name: &str, value: &Value) {
        let field = self.0.iter_mut().find(|field| field.name == name);
        let present = field
            .as_ref()
            .and_then(|field| serde_json::from_str::<Value>(&field.value).ok());
        if present.as_ref() == Some(value) {
            return;
        }
        let value = value.to_string();
        match field {
            Some(field) => field.value = value,
            None => self.0.push(RawField {
                name: name.to_owned(),
                value,
            }),
        }
    }

    /// Removes a field, unless it is null, which says as much.
    pub(super) fn clear(&mut self, name: &str) {
        self.0
            .retain(|field| field.name != name || field.value == "null");
    }
}

/// The row as one line of JSON.
impl fmt::Display for RawFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self
            .0
            .iter()
            .map(|field| format!("{}: {}", Value::from(field.name.as_str()), field.value))
            .collect();
        write!(f, "{{{}}}", fields.join(", "))
    }
}

/// Splits an object into its fields.
fn split(row: &str) -> Option<Vec<RawField>> {
    let mut rest = row.trim().strip_prefix('{')?.trim_start();
    let mut fields = Vec::new();
    while !rest.starts_with('}') {
        let name = first::<String>(rest)?;
        let value = first::<IgnoredAny>(name.rest.strip_prefix(':')?)?;
        fields.push(RawField {
            name: name.value,
            value: value.text.to_owned(),
        });
        rest = match value.rest.strip_prefix(',') {
            // A name must follow.
            Some(rest) => Some(rest.trim_start()).filter(|rest| rest.starts_with('"'))?,
            None => value.rest,
        };
    }
    (rest == "}").then_some(fields)
}

/// A value at the start of a text.
struct First<'a, T> {
    value: T,
    /// How the value is written.
    text: &'a str,
    /// What follows, without white space before it.
    rest: &'a str,
}

fn first<T: DeserializeOwned>(text: &str) -> Option<First<'_, T>> {
    let text = text.trim_start();
    let mut values = Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    let (text, rest) = text.split_at_checked(values.byte_offset())?;
    Some(First {
        value,
        text,
        rest: rest.trim_start(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROW: &str =
        r#"{"id":12345678901234567890123, "x": 1.10,"category": null, "é": "\u00e9"}"#;

    #[test]
    fn what_is_not_set_is_written_as_it_was() {
        let mut fields = RawFields::parse(ROW).expect("a row");
        fields.set("é", &json!("é"));
        fields.clear("category");
        assert_eq!(
            fields.to_string(),
            r#"{"id": 12345678901234567890123, "x": 1.10, "category": null, "é": "\u00e9"}"#
        );
        fields.set("category", &json!("Math"));
        fields.set("complexity", &json!(3));
        assert_eq!(
            fields.to_string(),
            r#"{"id": 12345678901234567890123, "x": 1.10, "category": "Math", "é": "\u00e9", "complexity": 3}"#
        );
        fields.clear("category");
        assert!(!fields.to_string().contains("category"));
    }

    #[test]
    fn a_name_that_is_given_twice_is_refused() {
        assert!(RawFields::parse(r#"{"a": 1, "a": 2}"#).is_err());
        for row in [
            "[1]",
            "{",
            "{\"a\": 1",
            "{\"a\": 1,}",
            "{\"a\" 1}",
            "{} {}",
            "{a: 1}",
        ] {
            assert!(RawFields::parse(row).is_err(), "{row}");
        }
        for row in ["{}", "{\"a\": [1, {\"b\": \"}\\\"\"}], \"c\": true}"] {
            assert_eq!(RawFields::parse(row).expect("a row").to_string(), row);
        }
    }
}
