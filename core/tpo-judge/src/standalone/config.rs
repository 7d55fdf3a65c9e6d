//! The configuration of a judge without a run.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use tpo_host::Limits;

use crate::config::JudgeConfig;
use crate::models::ModelBinding;

/// The configuration of a judge without a run.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandaloneJudgeConfig {
    /// The judge.
    #[serde(default)]
    pub judge: JudgeConfig,
    /// Models that judges can query.
    #[serde(default)]
    pub models: BTreeMap<String, ModelBinding>,
    /// Resource limits of plugins.
    #[serde(default)]
    pub limits: Limits,
}

impl StandaloneJudgeConfig {
    /// Resolves relative paths against `base`.
    pub fn resolve_relative(&mut self, base: &Path) {
        self.judge.resolve_relative(base);
        for binding in self.models.values_mut() {
            binding.resolve_relative(base);
        }
    }
}
