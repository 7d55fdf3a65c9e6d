//! A model of the configuration.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_remote::RemoteConfig;
use tpo_types::{Failure, FailureKind};

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
    /// A model on this machine.
    pub fn local(source: String) -> Self {
        Self {
            source: Some(source),
            server: None,
        }
    }

    /// Resolves a relative path against `base`.
    pub fn resolve_relative(&mut self, base: &Path) {
        if let Some(source) = &mut self.source {
            *source = tpo_lm::paths::resolve_relative(source, base);
        }
    }

    /// Checks the binding of `alias` without opening the model.
    pub fn check(&self, alias: &str) -> Result<(), Failure> {
        self.target(alias).map(|_| ())
    }

    /// The one of `source` and `server` that is set, checked.
    pub(super) fn target(&self, alias: &str) -> Result<Target<'_>, Failure> {
        let given = match (&self.source, &self.server) {
            (Some(source), None) => return Ok(Target::Source(source)),
            (None, Some(server)) => {
                return match server.check() {
                    Ok(()) => Ok(Target::Server(server)),
                    Err(why) => Err(server_failed(alias, why)),
                };
            }
            (Some(_), Some(_)) => "both `source` and `server`",
            (None, None) => "neither `source` nor `server`",
        };
        Err(
            Failure::new(FailureKind::Usage, format!("`models.{alias}` has {given}")).hint(
                "`source` is a model on this machine, `server` one behind a server; give one of \
                them",
            ),
        )
    }
}

/// Where a bound model is.
pub(super) enum Target<'a> {
    /// On this machine.
    Source(&'a str),
    /// Behind a server.
    Server(&'a RemoteConfig),
}

/// A failure of the server of `alias`.
pub(super) fn server_failed(alias: &str, why: Failure) -> Failure {
    Failure::new(why.kind(), format!("`models.{alias}.server`")).because(why)
}
