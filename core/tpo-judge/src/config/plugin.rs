//! A plugin of the configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::{OnError, Wanted};
use tpo_types::Failure;

/// A plugin and its configuration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginConfig {
    /// A built-in name or a path to a `.wasm`.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` prints its keys.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// What happens when it fails.
    #[serde(default)]
    pub on_error: OnError,
}

impl PluginConfig {
    /// Loads the plugin with one of the functions of [`Plugins`](tpo_host::Plugins).
    pub fn load<T>(
        &self,
        load: impl FnOnce(&Wanted<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let config = Value::Object(self.config.clone());
        load(&Wanted {
            source: &self.plugin,
            config: &config,
            on_error: self.on_error,
        })
    }
}
