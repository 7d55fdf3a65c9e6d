//! Finds unknown keys of a configuration by its JSON Schema.
//!
//! Serde's own message for an unknown key only lists the keys of its table; this one has a line, a
//! column and the nearest key.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tpo_types::nearest::typos;

/// A key that is not in the schema.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownKey {
    /// The whole path, for example `sampling.temprature`.
    pub path: String,
    /// Where the key starts, in bytes of the text.
    pub offset: usize,
    /// The nearest known paths; several if they are equally near.
    pub nearest: Vec<String>,
}

/// The first unknown key of a document, in the order of the text.
pub(super) fn first_unknown(document: &DeTable<'_>, schema: &Value) -> Option<UnknownKey> {
    let mut unknown = Vec::new();
    walk(
        document,
        &Node {
            root: schema,
            here: schema,
        },
        "",
        &mut unknown,
    );
    unknown.into_iter().min_by_key(|key| key.offset)
}

/// Checks that a dotted path leads to a key of the schema, or into a table that accepts any key;
/// fails with the nearest keys.
pub(super) fn check_path(path: &str, schema: &Value) -> Result<(), Vec<String>> {
    let mut node = Node {
        root: schema,
        here: schema,
    };
    let mut walked = String::new();
    for key in path.split('.') {
        if node.is_open() {
            return Ok(());
        }
        node = node
            .child(key)
            .ok_or_else(|| nearest(&node, &walked, key))?;
        walked = join(&walked, key);
    }
    Ok(())
}

fn walk(table: &DeTable<'_>, node: &Node<'_>, prefix: &str, unknown: &mut Vec<UnknownKey>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        match node.child(name) {
            Some(child) => walk_value(value, &child, &join(prefix, name), unknown),
            None if node.is_open() => {}
            None => unknown.push(UnknownKey {
                path: join(prefix, name),
                offset: key.span().start,
                nearest: nearest(node, prefix, name),
            }),
        }
    }
}

fn walk_value(
    value: &Spanned<DeValue<'_>>,
    node: &Node<'_>,
    path: &str,
    unknown: &mut Vec<UnknownKey>,
) {
    if let DeValue::Table(table) = value.get_ref() {
        walk(table, node, path, unknown);
    }
}

/// The nearest keys, in the same table if one is near, or else in any table.
fn nearest(node: &Node<'_>, prefix: &str, typed: &str) -> Vec<String> {
    let siblings = nearest_of(node.keys().map(|key| join(prefix, key)).collect(), typed);
    if siblings.is_empty() {
        nearest_of(all_paths(node.root), typed)
    } else {
        siblings
    }
}

fn nearest_of(paths: Vec<String>, typed: &str) -> Vec<String> {
    let near: Vec<(usize, String)> = paths
        .into_iter()
        .filter_map(|path| Some((typos(typed, last_part(&path))?, path)))
        .collect();
    let least = near.iter().map(|(typos, _)| *typos).min();
    near.into_iter()
        .filter(|(typos, _)| Some(*typos) == least)
        .map(|(_, path)| path)
        .collect()
}

/// Every path of the schema, tables included.
pub(super) fn all_paths(schema: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    collect(
        &Node {
            root: schema,
            here: schema,
        },
        "",
        &mut paths,
    );
    paths
}

fn collect(node: &Node<'_>, prefix: &str, paths: &mut Vec<String>) {
    for key in node.keys() {
        let path = join(prefix, key);
        if let Some(child) = node.child(key) {
            paths.push(path.clone());
            collect(&child, &path, paths);
        }
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// A position in a JSON Schema; references and alternatives are followed.
struct Node<'a> {
    root: &'a Value,
    here: &'a Value,
}

impl<'a> Node<'a> {
    /// The schemas that apply here: this one, its reference, and its alternatives.
    fn parts(&self) -> Vec<&'a Map<String, Value>> {
        let mut parts = Vec::new();
        let mut open = vec![self.here];
        while let Some(schema) = open.pop().and_then(Value::as_object) {
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

    fn keys(&self) -> impl Iterator<Item = &'a str> {
        let properties = self
            .parts()
            .into_iter()
            .filter_map(|part| part.get("properties")?.as_object());
        properties.flat_map(|keys| keys.keys().map(String::as_str))
    }

    fn child(&self, key: &str) -> Option<Self> {
        let parts = self.parts();
        let named = parts
            .iter()
            .find_map(|part| part.get("properties")?.get(key));
        // A table whose entries the user names: all entries have the same keys.
        let any = || {
            parts.iter().find_map(|part| {
                part.get("additionalProperties")
                    .filter(|schema| schema.is_object())
            })
        };
        Some(Self {
            root: self.root,
            here: named.or_else(any)?,
        })
    }

    /// Whether the table accepts any key: a plugin's own configuration.
    fn is_open(&self) -> bool {
        self.parts()
            .iter()
            .any(|part| match part.get("additionalProperties") {
                Some(Value::Bool(open)) => *open,
                Some(_) | None => false,
            })
    }
}
