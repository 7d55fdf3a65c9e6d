//! A position in a JSON Schema.

use serde_json::{Map, Value};

/// A position in a JSON Schema; references and alternatives are followed.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    root: &'a Value,
    here: &'a Value,
}

impl<'a> Node<'a> {
    /// The whole schema.
    pub(crate) fn root(schema: &'a Value) -> Self {
        Self {
            root: schema,
            here: schema,
        }
    }

    /// The whole schema that this is a position of.
    pub(super) fn whole(self) -> Self {
        Self::root(self.root)
    }

    /// The schemas that apply here: this one, its reference, and its alternatives. An optional
    /// table is an alternative of `null` and the table.
    pub(crate) fn parts(self) -> Vec<&'a Map<String, Value>> {
        let mut parts = Vec::new();
        let mut open = vec![self.here];
        while let Some(schema) = open.pop() {
            let Some(schema) = schema.as_object() else {
                continue;
            };
            parts.push(schema);
            let reference = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.strip_prefix('#'));
            open.extend(reference.and_then(|path| self.root.pointer(path)));
            for alternatives in ["anyOf", "oneOf", "allOf"] {
                open.extend(
                    schema
                        .get(alternatives)
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten(),
                );
            }
        }
        parts
    }

    /// The keys of the table here, each once.
    pub(super) fn keys(self) -> Vec<&'a str> {
        let mut known = Vec::new();
        let properties = self
            .parts()
            .into_iter()
            .filter_map(|part| part.get("properties")?.as_object());
        for key in properties.flat_map(Map::keys) {
            if !known.contains(&key.as_str()) {
                known.push(key.as_str());
            }
        }
        known
    }

    /// The schema of a key: its own, or that of every key where the user chooses the keys.
    pub(crate) fn child(self, key: &str) -> Option<Self> {
        let parts = self.parts();
        let named = parts
            .iter()
            .find_map(|part| part.get("properties")?.get(key));
        let any = || {
            parts.iter().find_map(|part| {
                part.get("additionalProperties")
                    .filter(|schema| schema.is_object())
            })
        };
        Some(self.at(named.or_else(any)?))
    }

    /// The schema of the items of the array here.
    pub(crate) fn item(self) -> Option<Self> {
        let items = self.parts().into_iter().find_map(|part| part.get("items"));
        Some(self.at(items?))
    }

    /// Whether the table accepts any key, like a plugin's own configuration.
    pub(super) fn is_open(self) -> bool {
        self.parts()
            .iter()
            .any(|part| part.get("additionalProperties") == Some(&Value::Bool(true)))
    }

    fn at(self, here: &'a Value) -> Self {
        Self { here, ..self }
    }
}
