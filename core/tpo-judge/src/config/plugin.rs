//! A plugin of the configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::{OnError, PluginRequest};
use tpo_types::Failure;

/// A plugin and its configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginConfig {
    /// A built-in name, `oci://host/name:tag`, or the path of a `.wasm` file or, with
    /// `--allow-native`, of a shared library.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` lists its keys.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// What to do if the plugin fails.
    #[serde(default)]
    pub on_error: OnError,
}

impl PluginConfig {
    /// Loads the plugin with one of the functions of [`Plugins`](tpo_host::Plugins).
    pub fn load<T>(
        &self,
        load: impl FnOnce(&PluginRequest<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let config = Value::Object(self.config.clone());
        load(&PluginRequest {
            source: &self.plugin,
            config: &config,
            on_error: self.on_error,
        })
    }
}
