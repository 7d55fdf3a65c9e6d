//! Checks of a manifest beyond its types: bounds, duplicates, a valid license.

use std::collections::BTreeSet;

use tpo_types::PluginRole;
use tpo_types::text::{escape, is_hostile};

use super::{
    BundleManifest, MAX_COMPONENTS, MAX_IMPORT, MAX_LICENSE, MAX_PERMISSIONS, MAX_SUMMARY, MAX_WHY,
    ManifestComponent, Permission,
};

const MAX_VERSION: usize = 64;

impl BundleManifest {
    /// Returns the first error, as text that follows the file's name.
    pub(super) fn check(&self) -> Result<(), String> {
        check_line("summary", &self.summary, MAX_SUMMARY)?;
        check_line("license", &self.license, MAX_LICENSE)?;
        if self.version.to_string().len() > MAX_VERSION {
            return Err(format!("`version` is longer than {MAX_VERSION} bytes"));
        }
        spdx::Expression::parse(&self.license).map_err(|error| {
            format!(
                "`license = \"{}\"` is not an SPDX expression: {}",
                self.license, error.reason
            )
        })?;
        check_count("component", self.components.len(), 1, MAX_COMPONENTS)?;
        check_count("permission", self.permissions.len(), 0, MAX_PERMISSIONS)?;
        check_distinct(
            "components are named",
            self.components.iter().map(|component| &component.name),
        )?;
        check_distinct(
            "components have the file",
            self.components.iter().map(|component| &component.file),
        )?;
        check_distinct(
            "permissions are for",
            self.permissions.iter().map(|permission| &permission.import),
        )?;
        self.components
            .iter()
            .try_for_each(ManifestComponent::check)?;
        self.permissions.iter().try_for_each(Permission::check)
    }
}

impl ManifestComponent {
    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        if self.roles.is_empty() {
            let all = PluginRole::ALL.map(PluginRole::as_str).join(", ");
            return Err(format!(
                "component `{name}` has no roles; the roles are {all}"
            ));
        }
        check_distinct(
            &format!("roles of component `{name}` are"),
            self.roles.iter(),
        )?;
        if let Some(key) = date_key(&self.config) {
            return Err(format!(
                "`config.{key}` of component `{name}` is a date, which JSON does not have"
            ));
        }
        Ok(())
    }
}

impl Permission {
    fn check(&self) -> Result<(), String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:/.".contains(c);
        let Self { import, why } = self;
        if import.is_empty() || import.len() > MAX_IMPORT || !import.chars().all(is_plain) {
            return Err(format!(
                "`import = \"{}\"` is not an interface; write it without version, as \
                 `tpo:plugin/model`",
                escape(import)
            ));
        }
        check_line(&format!("why` of permission `{import}"), why, MAX_WHY)
    }
}

/// Checks that a text is one line without invisible characters.
fn check_line(key: &str, text: &str, max: usize) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("`{key}` is empty"));
    }
    if text.chars().count() > max {
        return Err(format!("`{key}` is longer than {max} characters"));
    }
    if text.contains(is_hidden) {
        return Err(format!(
            "`{key}` contains a line break or an invisible character"
        ));
    }
    Ok(())
}

/// Whether a reader does not see the character, or sees text reordered by it.
fn is_hidden(c: char) -> bool {
    let is_invisible =
        matches!(c, '\u{200b}'..='\u{200d}' | '\u{2028}'..='\u{2029}' | '\u{2060}'..='\u{206f}');
    is_invisible || c.is_control() || is_hostile(c)
}

fn check_count(what: &str, count: usize, min: usize, max: usize) -> Result<(), String> {
    if (min..=max).contains(&count) {
        return Ok(());
    }
    Err(format!(
        "there are {count} `[[{what}]]` tables; {min} to {max} are allowed"
    ))
}

fn check_distinct<T: Ord + ToString>(
    what: &str,
    items: impl Iterator<Item = T>,
) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for item in items {
        let shown = item.to_string();
        if !seen.insert(item) {
            return Err(format!("two {what} `{shown}`"));
        }
    }
    Ok(())
}

/// The path of a date. JSON has no dates, so the plugin would get something else than the author
/// wrote.
fn date_key(table: &toml::Table) -> Option<String> {
    table
        .iter()
        .find_map(|(key, value)| date_in(value).map(|rest| format!("{key}{rest}")))
}

fn date_in(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::Datetime(_) => Some(String::new()),
        toml::Value::Table(table) => date_key(table).map(|rest| format!(".{rest}")),
        toml::Value::Array(items) => items.iter().find_map(date_in),
        _ => None,
    }
}
