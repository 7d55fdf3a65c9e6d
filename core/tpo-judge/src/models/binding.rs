//! A model of the configuration.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_remote::RemoteConfig;

/// A model that judges may ask by its alias. Either on this machine or behind a server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelBinding {
    /// On this machine: a built-in name (`smollm2-135m`), a directory in Hugging Face layout, which
    /// may hold a reward model, a PEFT adapter directory, a `.gguf` file, or
    /// `hf:org/name@revision`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Behind a server with OpenAI's chat API, such as those of llama.cpp, vLLM and SGLang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<RemoteConfig>,
}

impl ModelBinding {
    /// Resolves a relative path against `base`.
    pub fn resolve_relative(&mut self, base: &Path) {
        if let Some(source) = &mut self.source {
            *source = tpo_lm::fetch::anchored(source, base);
        }
    }
}
