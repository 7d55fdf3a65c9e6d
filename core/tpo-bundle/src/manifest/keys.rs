//! Unknown keys of a manifest, found with its JSON Schema.
//!
//! Unlike serde's message, the error names the line and the nearest key of the right table.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};
use tpo_types::nearest::nearest;

/// A key that the schema does not have.
pub(super) struct UnknownKey {
    /// The whole path, for example `component.fil`.
    pub(super) path: String,
    /// Where it starts in the text, in bytes.
    pub(super) offset: usize,
    /// The keys of its table.
    known: Vec<String>,
}

impl UnknownKey {
    /// Suggests the nearest key, or all of them if none is near.
    pub(super) fn hint(&self) -> String {
        let typed = self.path.rsplit('.').next().unwrap_or_default();
        nearest(typed, self.known.iter().map(String::as_str)).map_or_else(
            || format!("the keys are {}", self.known.join(", ")),
            |nearest| format!("did you mean `{nearest}`?"),
        )
    }
}

/// The first unknown key in the order of the text.
pub(super) fn first_unknown(document: &DeTable<'_>, schema: &Value) -> Option<UnknownKey> {
    let mut unknown = Vec::new();
    walk(document, schema, schema, "", &mut unknown);
    unknown.into_iter().min_by_key(|key| key.offset)
}

fn walk(
    table: &DeTable<'_>,
    here: &Value,
    root: &Value,
    prefix: &str,
    unknown: &mut Vec<UnknownKey>,
) {
    // A table without properties is the plugin's own configuration.
    let Some(properties) = properties(here, root) else {
        return;
    };
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        };
        let Some(schema) = properties.get(name) else {
            let known = properties.keys().cloned().collect();
            unknown.push(UnknownKey {
                path,
                offset: key.span().start,
                known,
            });
            continue;
        };
        match value.get_ref() {
            DeValue::Table(table) => walk(table, schema, root, &path, unknown),
            DeValue::Array(items) => {
                let schema = schema.get("items").unwrap_or(&Value::Null);
                for item in items {
                    if let DeValue::Table(table) = item.get_ref() {
                        walk(table, schema, root, &path, unknown);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The keys of the table that `here` describes, directly or by reference.
fn properties<'a>(here: &'a Value, root: &'a Value) -> Option<&'a Map<String, Value>> {
    let target = here
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| root.pointer(path.strip_prefix('#')?));
    target.unwrap_or(here).get("properties")?.as_object()
}
