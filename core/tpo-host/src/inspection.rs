//! How a plugin describes itself, checked.

use std::str::FromStr;

use semver::Version;
use serde::Deserialize;
use serde_json::Value;
use tpo_bundle::{Name, Surface};
use tpo_types::text::sanitize;
use tpo_types::{Failure, PluginIdentity, PluginRole, ScoreRange};

use crate::contract::bindings::exports::tpo::plugin::metadata::Description;
use crate::contract::bindings::tpo::plugin::types::Extra;
use crate::native::NativeDescription;
use crate::source::Source;

/// The longest summary or license that is shown, in bytes.
const LINE_BYTES: usize = 400;

/// A component as `tpo plugin inspect` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Exactly which code it is.
    pub identity: PluginIdentity,
    /// What it does, in one line.
    pub summary: String,
    /// SPDX license expression.
    pub license: String,
    /// Its roles.
    pub roles: Vec<PluginRole>,
    /// What it can use beyond its input.
    pub capabilities: Capabilities,
    /// Size of the code.
    pub bytes: usize,
    /// JSON Schema of its configuration.
    pub config_schema: Value,
}

/// What a plugin can use beyond its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capabilities {
    /// A component: nothing but the interfaces that it imports.
    Imports(Vec<String>),
    /// A native plugin: everything that this process can.
    Everything,
}

impl Inspection {
    pub(crate) fn new(
        description: &Description,
        source: &Source,
        surface: Surface,
        roles: Vec<PluginRole>,
    ) -> Result<Self, Failure> {
        let config_schema = config_schema(&description.config_schema, source)?;
        Ok(Self {
            identity: identity(&description.name, &description.version, source)?,
            summary: sanitize(&description.summary, LINE_BYTES),
            license: sanitize(&description.license, LINE_BYTES),
            roles,
            capabilities: Capabilities::Imports(surface.imports),
            bytes: source.bytes.len(),
            config_schema,
        })
    }

    pub(crate) fn of_native(
        description: NativeDescription,
        source: &Source,
    ) -> Result<Self, Failure> {
        Ok(Self {
            identity: identity(&description.name, &description.version, source)?,
            summary: sanitize(&description.summary, LINE_BYTES),
            license: sanitize(&description.license, LINE_BYTES),
            roles: description.roles,
            capabilities: Capabilities::Everything,
            bytes: source.bytes.len(),
            config_schema: description.config_schema,
        })
    }
}

/// The longest schema of a configuration. Those that ship have a few kilobytes.
const SCHEMA_BYTES: usize = 256 << 10;

/// The schema of the plugin's configuration. Whether it makes sense is not checked.
pub(crate) fn config_schema(text: &str, source: &Source) -> Result<Value, Failure> {
    // As values, some texts take seventy times the memory.
    if text.len() > SCHEMA_BYTES {
        return Err(source.refusal(format!(
            "gives a schema of its configuration of more than {} KiB",
            SCHEMA_BYTES >> 10
        )));
    }
    let schema: Value = serde_json::from_str(text).map_err(|error| {
        source
            .refusal("gives a schema of its configuration that is not JSON")
            .because(error)
    })?;
    if !schema.is_object() {
        return Err(source.refusal("gives a schema of its configuration that is not a JSON object"));
    }
    Ok(schema)
}

/// The named value of a description that is a judge's range of scores.
const SCORE_RANGE: &str = "score-range";

/// The range that a configured judge says its scores are in, if it says so.
pub(crate) fn score_range(extra: &Extra, source: &Source) -> Result<Option<ScoreRange>, Failure> {
    let mut found = extra.iter().filter(|(name, _)| name == SCORE_RANGE);
    let Some((_, json)) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(source.refusal(format!("gives `{SCORE_RANGE}` twice")));
    }
    read_score_range(serde_json::from_str(json), source).map(Some)
}

/// The same of a native plugin.
pub(crate) fn native_score_range(
    range: Option<&Value>,
    source: &Source,
) -> Result<Option<ScoreRange>, Failure> {
    range
        .map(|range| read_score_range(ScoreRange::deserialize(range), source))
        .transpose()
}

fn read_score_range(
    range: serde_json::Result<ScoreRange>,
    source: &Source,
) -> Result<ScoreRange, Failure> {
    range.map_err(|error| {
        source
            .refusal("gives a range of its scores that is none")
            .because(error)
            .hint("it is the lowest and the highest score, as in [0, 1]")
    })
}

/// The plugin's identity. Its name and version go into file names, reports and messages, so they
/// are plain.
pub(crate) fn identity(
    name: &str,
    version: &str,
    source: &Source,
) -> Result<PluginIdentity, Failure> {
    if Name::from_str(name).is_err() {
        let what = format!("calls itself `{}`", sanitize(name, LINE_BYTES));
        return Err(source
            .refusal(what)
            .hint("a name is up to 64 lower-case letters, digits and single hyphens"));
    }
    if version.len() > 64 || Version::parse(version).is_err() {
        let what = format!("gives `{}` as its version", sanitize(version, LINE_BYTES));
        return Err(source
            .refusal(what)
            .hint("a version is a semantic version, for example 0.1.0"));
    }
    Ok(PluginIdentity {
        name: name.to_owned(),
        version: version.to_owned(),
        sha256: source.sha256.clone(),
        source: source.origin.clone(),
    })
}
