//! `tpo-plugin.toml`: the manifest in which an author describes a bundle.
//!
//! [`BundleManifest::parse`] is the single entry point: it guarantees that names are plain, sizes
//! bounded and lists free of duplicates. Whether the components agree with the manifest is checked
//! in `manifest_check`.

mod read;
mod rules;

pub(crate) use read::MAX_BYTES;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::Version;
use serde::{Deserialize, Serialize};
use tpo_types::PluginRole;

use crate::name::{FileName, Name};

/// Name of the manifest file, in the directory of the components.
pub const FILE_NAME: &str = "tpo-plugin.toml";

const MAX_COMPONENTS: usize = 16;
const MAX_PERMISSIONS: usize = 16;
const MAX_SUMMARY: usize = 200;
const MAX_WHY: usize = 300;
const MAX_LICENSE: usize = 200;
const MAX_IMPORT: usize = 100;

/// A bundle, as its author describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "tpo plugin bundle")]
pub struct BundleManifest {
    /// Short name, lower-case words joined by hyphens.
    pub name: Name,
    /// Semantic version of the bundle.
    pub version: Version,
    /// SPDX license expression.
    #[schemars(length(max = MAX_LICENSE))]
    pub license: String,
    /// One line about what it does.
    #[schemars(length(min = 1, max = MAX_SUMMARY))]
    pub summary: String,
    /// Version of the contract that the components are built for.
    pub contract: ContractVersion,
    /// Language of the sources, for building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Name>,
    /// Directory of the contract's interfaces, for building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<FileName>,
    /// The components, at least one.
    #[serde(rename = "component")]
    #[schemars(length(min = 1, max = MAX_COMPONENTS))]
    pub components: Vec<ManifestComponent>,
    /// Imports of the components that must be granted, and why they are needed.
    #[serde(rename = "permission", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_PERMISSIONS))]
    pub permissions: Vec<Permission>,
}

/// Version of the contract. Compatible versions count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContractVersion {
    /// `tpo:plugin@0.1.x`.
    #[serde(rename = "0.1")]
    V0_1,
}

impl ContractVersion {
    /// The version as written in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
        }
    }

    /// Whether an interface of `version`, for example `0.1.3`, is compatible.
    pub fn includes(self, version: &str) -> bool {
        version
            .strip_prefix(self.as_str())
            .is_some_and(|patch| patch.starts_with('.'))
    }
}

/// A component of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestComponent {
    /// Name of the component, as written after the `#` of a reference.
    pub name: Name,
    /// Path of the `.wasm` file, relative to this file.
    pub file: FileName,
    /// The roles it implements.
    #[schemars(schema_with = "roles")]
    pub roles: Vec<PluginRole>,
    /// Default configuration.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub config: toml::Table,
    /// A file with the JSON Schema of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_schema: Option<FileName>,
}

/// A permission that the components request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Permission {
    /// The imported interface without version, for example `tpo:plugin/model`.
    #[schemars(length(max = MAX_IMPORT))]
    pub import: String,
    /// The reason, in one line for the user who is asked to grant it.
    #[schemars(length(min = 1, max = MAX_WHY))]
    pub why: String,
}

impl BundleManifest {
    /// The JSON Schema of the file.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The component named `name`.
    pub fn component(&self, name: &Name) -> Option<&ManifestComponent> {
        self.components
            .iter()
            .find(|component| component.name == *name)
    }
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    let names = PluginRole::ALL.map(PluginRole::as_str);
    json_schema!({
        "type": "array",
        "items": { "enum": names },
        "minItems": 1,
        "uniqueItems": true
    })
}

#[cfg(test)]
mod tests;
