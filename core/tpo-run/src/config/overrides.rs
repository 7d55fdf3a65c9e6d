//! Settings of the command line, applied to the configuration file.

use tpo_types::{Failure, FailureKind};

/// One value given on the command line, which overrides the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Dotted path of the key, for example `train.beta`.
    pub path: String,
    /// The value.
    pub value: toml::Value,
}

impl Override {
    /// An override with a string value.
    pub fn text(path: &str, value: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            value: toml::Value::String(value.into()),
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
        let as_toml = toml::from_str::<toml::Table>(&format!("value = {value}")).ok();
        let value = as_toml.and_then(|mut table| table.remove("value"));
        Ok(Self {
            path: path.trim().to_owned(),
            value: value.unwrap_or_else(|| toml::Value::String(given[path.len() + 1..].to_owned())),
        })
    }
}

/// Sets one value. If it names another plugin, the configuration of the plugin in the file is
/// dropped and a note returned.
pub(super) fn apply(table: &mut toml::Table, given: &Override) -> Result<Option<String>, Failure> {
    let parts: Vec<&str> = given.path.split('.').collect();
    let (last, parents) = parts.split_last().unwrap_or((&"", &[]));
    let mut here = table;
    for part in parents {
        let entry = here
            .entry(*part)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()));
        here = entry.as_table_mut().ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("--set {}: `{part}` is not a table", given.path),
            )
        })?;
    }
    let before = here.insert((*last).to_owned(), given.value.clone());
    let renamed = *last == "plugin" && before.as_ref() != Some(&given.value);
    let dropped = renamed.then(|| here.remove("config")).flatten();
    let is_full = dropped
        .as_ref()
        .and_then(toml::Value::as_table)
        .is_some_and(|config| !config.is_empty());
    Ok(is_full.then(|| {
        let stage = parents.join(".");
        format!(
            "`{stage}.config` belongs to another plugin and is not used with {}",
            given.value
        )
    }))
}
