//! Keys that are not in the schema, and the ones that were probably meant.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key_path::{KeyPath, PathPart};
use super::node::Node;
use crate::nearest::typos;

/// A key that is not in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// Its path, for example `sampling.temprature`.
    pub path: KeyPath,
    /// The keys of its table.
    pub siblings: Vec<String>,
    /// The nearest known paths; several if they are equally near.
    pub nearest: Vec<KeyPath>,
}

impl UnknownKey {
    /// The question whether the nearest key was meant; none if no key is near.
    pub fn suggestion(&self) -> Option<String> {
        let nearest: Vec<String> = self.nearest.iter().map(ToString::to_string).collect();
        (!nearest.is_empty()).then(|| format!("did you mean `{}`?", nearest.join("` or `")))
    }

    fn new(node: Node<'_>, table: &KeyPath, key: &str) -> Self {
        let siblings = node.keys();
        let mut nearest = nearest(siblings.iter().map(|key| table.key(key)), key);
        if nearest.is_empty() {
            nearest = self::nearest(known_paths_of(node.whole()), key);
        }
        Self {
            path: table.key(key),
            siblings: siblings.into_iter().map(str::to_owned).collect(),
            nearest,
        }
    }
}

/// The first unknown key of a document, in the order of the text, and where it stands.
pub fn first_unknown(document: &DeTable<'_>, schema: &Value) -> Option<Spanned<UnknownKey>> {
    let mut unknown = Vec::new();
    let root = Node::root(schema);
    walk_table(document, root, &KeyPath::default(), &mut unknown);
    unknown.into_iter().min_by_key(|key| key.span().start)
}

/// Checks that a path leads to a key of the schema, or into a table that accepts any key.
pub fn check_path(path: &KeyPath, schema: &Value) -> Result<(), UnknownKey> {
    let mut node = Node::root(schema);
    let mut walked = KeyPath::default();
    for part in path.parts() {
        if node.is_open() {
            return Ok(());
        }
        node = match part {
            PathPart::Key(key) => node
                .child(key)
                .ok_or_else(|| UnknownKey::new(node, &walked, key))?,
            PathPart::Index(_) => node.item().ok_or_else(|| UnknownKey {
                path: walked.join(part.clone()),
                siblings: Vec::new(),
                nearest: vec![walked.clone()],
            })?,
        };
        walked = walked.join(part.clone());
    }
    Ok(())
}

/// Every path of the schema, tables included. The items of an array are under its index 0.
pub fn known_paths(schema: &Value) -> Vec<KeyPath> {
    known_paths_of(Node::root(schema))
}

fn known_paths_of(root: Node<'_>) -> Vec<KeyPath> {
    let mut paths = Vec::new();
    collect(root, &KeyPath::default(), &mut paths);
    paths
}

fn collect(node: Node<'_>, table: &KeyPath, paths: &mut Vec<KeyPath>) {
    for key in node.keys() {
        let path = table.key(key);
        paths.push(path.clone());
        if let Some(child) = node.child(key) {
            collect(child, &path, paths);
            if let Some(item) = child.item() {
                collect(item, &path.index(0), paths);
            }
        }
    }
}

fn walk_table(
    table: &DeTable<'_>,
    node: Node<'_>,
    path: &KeyPath,
    unknown: &mut Vec<Spanned<UnknownKey>>,
) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        match node.child(name) {
            Some(child) => walk_value(value.get_ref(), child, &path.key(name), unknown),
            // A value of the schema that is not a table has a wrong type here, not unknown keys.
            None if node.is_open() || node.keys().is_empty() => {}
            None => unknown.push(Spanned::new(key.span(), UnknownKey::new(node, path, name))),
        }
    }
}

fn walk_value(
    value: &DeValue<'_>,
    node: Node<'_>,
    path: &KeyPath,
    unknown: &mut Vec<Spanned<UnknownKey>>,
) {
    match value {
        DeValue::Table(table) => walk_table(table, node, path, unknown),
        DeValue::Array(items) => {
            let Some(node) = node.item() else {
                return;
            };
            for (index, item) in items.iter().enumerate() {
                walk_value(item.get_ref(), node, &path.index(index), unknown);
            }
        }
        _ => {}
    }
}

/// The paths whose last key is nearest to what was typed.
fn nearest(paths: impl IntoIterator<Item = KeyPath>, typed: &str) -> Vec<KeyPath> {
    let near: Vec<(usize, KeyPath)> = paths
        .into_iter()
        .filter_map(|path| Some((typos(typed, path.last_key())?, path)))
        .collect();
    let least = near.iter().map(|(typos, _)| *typos).min();
    near.into_iter()
        .filter(|(typos, _)| Some(*typos) == least)
        .map(|(_, path)| path)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;

    use super::*;

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Config {
        name: String,
        judge: Option<Judge>,
        by_name: BTreeMap<String, Member>,
    }

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Judge {
        plugin: String,
        panel: Vec<Member>,
    }

    #[derive(JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Member {
        weight: f64,
        config: serde_json::Map<String, Value>,
    }

    fn schema() -> Value {
        schemars::schema_for!(Config).to_value()
    }

    #[track_caller]
    fn unknown_in(text: &str) -> Option<(String, usize, Option<String>)> {
        let document = DeTable::parse(text).expect("TOML");
        first_unknown(document.get_ref(), &schema()).map(|key| {
            let start = key.span().start;
            let key = key.into_inner();
            (key.path.to_string(), start, key.suggestion())
        })
    }

    #[test]
    fn keys_in_tables_maps_and_arrays_are_found() {
        for (text, path, nearest) in [
            ("?nam = 1", "nam", "name"),
            ("[judge]\n?plugn = 1", "judge.plugn", "judge.plugin"),
            (
                "[by_name.x]\n?wieght = 1",
                "by_name.x.wieght",
                "by_name.x.weight",
            ),
            (
                "[[judge.panel]]\nweight = 1\n[[judge.panel]]\n?wieght = 1",
                "judge.panel[1].wieght",
                "judge.panel[1].weight",
            ),
            (
                "judge.panel = [{ ?wieght = 1 }]",
                "judge.panel[0].wieght",
                "judge.panel[0].weight",
            ),
        ] {
            let offset = text.find('?').expect("a marked place");
            assert_eq!(
                unknown_in(&text.replace('?', "")),
                Some((
                    path.into(),
                    offset,
                    Some(format!("did you mean `{nearest}`?"))
                ))
            );
        }
    }

    #[test]
    fn known_keys_and_those_of_open_tables_pass() {
        let text = "name = 1\n[[judge.panel]]\nconfig = { any = [{ thing = 1 }] }\n";
        assert_eq!(unknown_in(text), None);
    }

    #[test]
    fn the_first_in_the_text_is_reported() {
        let found = unknown_in("[judge]\nx_y_z = 1\n[other_thing]\n").expect("unknown");
        assert_eq!(found, ("judge.x_y_z".into(), 8, None));
    }

    #[track_caller]
    fn check(path: &str) -> Result<(), String> {
        let path: KeyPath = path.parse().expect("a path");
        check_path(&path, &schema()).map_err(|key| {
            let suggestion = key.suggestion().unwrap_or_default();
            format!("{}: {suggestion}", key.path)
        })
    }

    #[test]
    fn paths_are_checked_through_arrays() {
        for path in [
            "judge.panel[3].weight",
            "judge.panel[0]",
            "judge.panel[0].config.list[2].any",
            "by_name.x.weight",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
        for (path, refusal) in [
            (
                "judge.panel[3].wieght",
                "judge.panel[3].wieght: did you mean `judge.panel[3].weight`?",
            ),
            (
                "judge.panel.weight",
                "judge.panel.weight: did you mean `judge.panel[0].weight`?",
            ),
            ("judge[0].plugin", "judge[0]: did you mean `judge`?"),
        ] {
            assert_eq!(check(path), Err(refusal.into()));
        }
    }
}
