//! Settings of the command line, applied to the configuration file.

use toml::{Table, Value};
use tpo_types::schema::{KeyPath, PathPart};
use tpo_types::{Failure, FailureKind};

/// One value given on the command line, which overrides the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Path of the key, for example `train.beta` or `judge.panel[0].weight`.
    pub path: String,
    /// The value.
    pub value: Value,
}

impl Override {
    /// An override with a string value.
    pub fn text(path: &str, value: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            value: Value::String(value.into()),
        }
    }

    /// Parses `a.b=value`. A value that is not TOML is a string.
    pub fn parse(given: &str) -> Result<Self, Failure> {
        let Some((path, value)) = given.split_once('=') else {
            return Err(
                Failure::new(FailureKind::Usage, format!("`--set {given}` has no `=`"))
                    .hint("write `--set train.beta=0.2`"),
            );
        };
        let as_toml = toml::from_str::<Table>(&format!("value = {value}")).ok();
        let value = as_toml.and_then(|mut table| table.remove("value"));
        Ok(Self {
            path: path.trim().to_owned(),
            value: value.unwrap_or_else(|| Value::String(given[path.len() + 1..].to_owned())),
        })
    }
}

/// Sets one value. If it names another plugin, the configuration of the plugin in the file is
/// dropped and a note returned.
pub(super) fn apply(
    root: &mut Value,
    path: &KeyPath,
    value: &Value,
) -> Result<Option<String>, Failure> {
    let mut here = root;
    let mut walked = KeyPath::default();
    for pair in path.parts().windows(2) {
        let refused = |what: String| refused(path, &what);
        here = match &pair[0] {
            PathPart::Key(key) => {
                let table = table(here, &walked).map_err(refused)?;
                table
                    .entry(key)
                    .or_insert_with(|| empty_parent_of(&pair[1]))
            }
            PathPart::Index(index) => item(here, *index, &walked).map_err(refused)?,
        };
        walked = walked.join(pair[0].clone());
    }
    match path.parts().last() {
        Some(PathPart::Key(key)) => {
            let table = table(here, &walked).map_err(|what| refused(path, &what))?;
            Ok(set_key(table, key, value).then(|| {
                let config = walked.key("config");
                format!("`{config}` belongs to another plugin and is not used with {value}")
            }))
        }
        Some(PathPart::Index(index)) => {
            let item = item(here, *index, &walked).map_err(|what| refused(path, &what))?;
            *item = value.clone();
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Sets a key; says whether that dropped the configuration of another plugin.
fn set_key(table: &mut Table, key: &str, value: &Value) -> bool {
    let before = table.insert(key.to_owned(), value.clone());
    if key != "plugin" || before.as_ref() == Some(value) {
        return false;
    }
    let dropped = table.remove("config");
    let config = dropped.as_ref().and_then(Value::as_table);
    config.is_some_and(|config| !config.is_empty())
}

fn table<'a>(value: &'a mut Value, path: &KeyPath) -> Result<&'a mut Table, String> {
    value
        .as_table_mut()
        .ok_or_else(|| format!("`{path}` is not a table"))
}

fn item<'a>(value: &'a mut Value, index: usize, path: &KeyPath) -> Result<&'a mut Value, String> {
    let items = value
        .as_array_mut()
        .ok_or_else(|| format!("`{path}` is not an array"))?;
    let len = items.len();
    items
        .get_mut(index)
        .ok_or_else(|| format!("`{path}` has {len} items, and the first is [0]"))
}

fn empty_parent_of(part: &PathPart) -> Value {
    match part {
        PathPart::Key(_) => Value::Table(Table::new()),
        PathPart::Index(_) => Value::Array(Vec::new()),
    }
}

fn refused(path: &KeyPath, what: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("--set {path}: {what}"))
}
