//! The judges' part of a configuration: what the user wrote, with the defaults filled in.
//!
//! Every key documents itself; the same text becomes the JSON Schema that `tpo schema` prints.

mod plugin;

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tpo_host::OnError;
use tpo_types::{Failure, FailureKind, bounds};

use crate::pairwise::Tournament;

pub use self::plugin::PluginConfig;

/// The judge. It scores responses and never sees a thought.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeConfig {
    /// A built-in name, `oci://host/name:tag`, the path of a `.wasm` file or, with
    /// `--allow-native`, of a shared library, or `panel` to combine the judges of
    /// `[[judge.panel]]`.
    pub plugin: String,
    /// The plugin's own configuration; `tpo plugin inspect` lists its keys.
    pub config: Map<String, Value>,
    /// What to do if the plugin fails.
    pub on_error: OnError,
    /// Which comparisons a pairwise judge makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tournament: Option<Tournament>,
    /// Stop the run, which can be resumed, if more than this fraction of the last 200 judgments are
    /// unscored; 1 disables it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_unscored: f64,
    /// The judges of a panel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panel: Vec<MemberConfig>,
}

/// One judge of a panel.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberConfig {
    /// A built-in name, `oci://host/name:tag`, or the path of a `.wasm` file or, with
    /// `--allow-native`, of a shared library.
    pub plugin: String,
    /// The judge's name in reports and aspects. Default: the plugin's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Weight of its score among the judges of an instruction.
    #[serde(default = "default_weight")]
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000_000))]
    pub weight: f64,
    /// Categories of instructions that it judges. Default: those that no other judge lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The plugin's own configuration; `tpo plugin inspect` lists its keys.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// What to do if the plugin fails.
    #[serde(default)]
    pub on_error: OnError,
    /// Which comparisons a pairwise judge makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tournament: Option<Tournament>,
}

/// The plugin name that stands for the judges of `[[judge.panel]]`.
const PANEL: &str = "panel";

fn default_weight() -> f64 {
    1.0
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self {
            plugin: "rules".into(),
            config: Map::new(),
            on_error: OnError::Fail,
            tournament: None,
            max_unscored: 0.9,
            panel: Vec::new(),
        }
    }
}

impl JudgeConfig {
    /// Whether the judges are those of `[[judge.panel]]`.
    pub fn is_panel(&self) -> bool {
        self.plugin == PANEL
    }

    /// The judges: the members of the panel, or the only judge as if it were one.
    pub fn judges(&self) -> Vec<MemberConfig> {
        if self.is_panel() {
            return self.panel.clone();
        }
        vec![MemberConfig {
            plugin: self.plugin.clone(),
            name: None,
            weight: default_weight(),
            categories: Vec::new(),
            config: self.config.clone(),
            on_error: self.on_error,
            tournament: self.tournament,
        }]
    }

    /// Rejects settings that have no effect or are invalid. `path` is where they stand in the
    /// configuration, for example `judge`.
    pub fn check(&self, path: &str) -> Result<(), Failure> {
        if self.is_panel() {
            self.check_panel(path)?;
        } else if !self.panel.is_empty() {
            let what = format!(
                "`[[{path}.panel]]` has no effect: the judge is `{}`",
                self.plugin
            );
            let hint = format!("set `{path}.plugin` to \"panel\", or remove the panel");
            return refuse(what, &hint);
        }
        bounds::check(self, path)
    }

    fn check_panel(&self, path: &str) -> Result<(), Failure> {
        if self.panel.is_empty() {
            return refuse(
                "the judge is a panel without judges".into(),
                &format!("add one or more `[[{path}.panel]]`"),
            );
        }
        let is_set =
            !self.config.is_empty() || self.on_error != OnError::Fail || self.tournament.is_some();
        if is_set {
            return refuse(
                format!(
                    "`{path}.config`, `{path}.on_error` and `{path}.tournament` have no effect on \
                    a panel"
                ),
                &format!("set them for each judge in `[[{path}.panel]]`"),
            );
        }
        Ok(())
    }

    /// Resolves relative paths against `base`.
    pub fn resolve_relative(&mut self, base: &Path) {
        if !self.is_panel() {
            self.plugin = tpo_host::resolve_relative(&self.plugin, base);
        }
        for member in &mut self.panel {
            member.plugin = tpo_host::resolve_relative(&member.plugin, base);
        }
    }
}

impl MemberConfig {
    pub(crate) fn plugin(&self) -> PluginConfig {
        PluginConfig {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            on_error: self.on_error,
        }
    }
}

fn refuse(what: String, hint: &str) -> Result<(), Failure> {
    Err(Failure::new(FailureKind::Usage, what).hint(hint))
}
