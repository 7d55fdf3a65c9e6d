//! What a component says of itself, checked.

use serde_json::Value;
use tpo_types::{Failure, PluginIdentity, PluginRole};

use crate::bindings::exports::tpo::plugin::metadata::Description;
use crate::source::Source;
use crate::surface::Surface;
use crate::text::quotable;

/// The longest summary or license that is shown, in bytes.
const LINE_BYTES: usize = 400;

/// A component as `tpo plugin inspect` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Exactly which code it is.
    pub identity: PluginIdentity,
    /// One line on what it does.
    pub summary: String,
    /// SPDX license expression.
    pub license: String,
    /// The roles it plays.
    pub roles: Vec<PluginRole>,
    /// The interfaces it imports: all that it can ask of the host.
    pub imports: Vec<String>,
    /// Size of the component.
    pub bytes: usize,
    /// JSON Schema of its configuration.
    pub config_schema: Value,
}

impl Inspection {
    pub(crate) fn new(
        description: &Description,
        source: &Source,
        surface: Surface,
        roles: Vec<PluginRole>,
    ) -> Result<Self, Failure> {
        let config_schema = serde_json::from_str(&description.config_schema)
            .map_err(|error| source.refusal("gives a schema of its configuration that is not JSON").because(error))?;
        Ok(Self {
            identity: identity(description, source)?,
            summary: quotable(&description.summary, LINE_BYTES),
            license: quotable(&description.license, LINE_BYTES),
            roles,
            imports: surface.imports,
            bytes: source.bytes.len(),
            config_schema,
        })
    }
}

/// The plugin's identity. Its name and version go into file names, reports and messages, so they are plain.
pub(crate) fn identity(description: &Description, source: &Source) -> Result<PluginIdentity, Failure> {
    let Description { name, version, .. } = description;
    let plain = |text: &str, extra: &str| {
        (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    if !plain(name, "-") {
        let what = format!("calls itself `{}`", quotable(name, LINE_BYTES));
        return Err(source.refusal(what).hint("a name is up to 64 lower-case letters, digits and hyphens"));
    }
    if !plain(version, "-.+") {
        let what = format!("gives `{}` as its version", quotable(version, LINE_BYTES));
        return Err(source.refusal(what).hint("a version is a semantic version, for example 0.1.0"));
    }
    Ok(PluginIdentity {
        name: name.clone(),
        version: version.clone(),
        sha256: source.sha256.clone(),
        source: source.origin.clone(),
    })
}
