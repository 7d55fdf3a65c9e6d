//! `tpo-plugin.toml`: what an author says of a bundle.
//!
//! The raw text becomes a [`Manifest`] through one door, [`Manifest::parse`], behind which every
//! name is plain, every size bounded and every list free of doubles. Whether the components keep
//! what is said here is checked elsewhere.

mod keys;
mod read;
mod rules;

pub(crate) use read::MAX_BYTES;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::Version;
use serde::{Deserialize, Serialize};
use tpo_types::PluginRole;

use crate::name::{FileName, Name};

/// What the file is called, beside the components.
pub const FILE_NAME: &str = "tpo-plugin.toml";

/// A bundle, as its author describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "tpo plugin bundle")]
pub struct Manifest {
    /// Short name, lower-case words joined by hyphens.
    pub name: Name,
    /// Semantic version of the bundle.
    pub version: Version,
    /// SPDX license expression.
    #[schemars(length(max = 200))]
    pub license: String,
    /// One line on what it does.
    #[schemars(length(min = 1, max = 200))]
    pub summary: String,
    /// Version of the contract that the components are built for.
    pub contract: Contract,
    /// Language of the sources, for building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Name>,
    /// Folder of the contract's interfaces, for building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<FileName>,
    /// The components, one or more.
    #[serde(rename = "component")]
    #[schemars(length(min = 1, max = 16))]
    pub components: Vec<Component>,
    /// What the components import beyond what every plugin gets, and why.
    #[serde(rename = "permission", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub permissions: Vec<Permission>,
}

/// A version of the contract. What is compatible within it is one version here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Contract {
    /// `tpo:plugin@0.1.x`.
    #[serde(rename = "0.1")]
    V0_1,
}

impl Contract {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
        }
    }

    /// Whether an interface of `version`, for example `0.1.3`, belongs to it.
    pub fn includes(self, version: &str) -> bool {
        version
            .strip_prefix(self.as_str())
            .is_some_and(|patch| patch.starts_with('.'))
    }
}

/// One `.wasm` of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Component {
    /// What it is called after the `#` of a reference.
    pub name: Name,
    /// The file, relative to this one.
    pub file: FileName,
    /// The roles it plays.
    #[schemars(schema_with = "roles")]
    pub roles: Vec<PluginRole>,
    /// The configuration it gets where a run gives none.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub config: toml::Table,
    /// A file with the JSON Schema of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_schema: Option<FileName>,
}

/// Something the components want to be lent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Permission {
    /// The imported interface without version, for example `tpo:plugin/model`.
    #[schemars(length(max = 100))]
    pub import: String,
    /// What it is needed for, in one line for the user who is asked.
    #[schemars(length(min = 1, max = 300))]
    pub why: String,
}

impl Manifest {
    /// The JSON Schema of the file.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The component called `name`.
    pub fn component(&self, name: &Name) -> Option<&Component> {
        self.components
            .iter()
            .find(|component| component.name == *name)
    }
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    let names = PluginRole::ALL.map(PluginRole::as_str);
    json_schema!({ "type": "array", "items": { "enum": names }, "minItems": 1, "uniqueItems": true })
}

#[cfg(test)]
mod tests;
