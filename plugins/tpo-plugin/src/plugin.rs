//! What every plugin is: a value made from a configuration.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config;

/// A configured plugin. It is made once per instance, and every call of a role borrows it.
pub trait Plugin: Sized + 'static {
    /// What the user may configure. Its JSON Schema is shown to users, so document every field.
    ///
    /// An empty configuration is read as `{}`: put `#[serde(default)]` on the struct unless some
    /// key is required. Keys that the schema does not name are refused, and so are numbers outside
    /// of `#[schemars(range(...))]`.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes the plugin, or says which key is wrong and why.
    fn new(config: Self::Config) -> Result<Self, String>;

    /// Of a judge: the lowest and the highest score that it can give, if responses often get
    /// exactly these, as by checks and rubrics. An interval then allows for a full mark that was
    /// not seen, and the host refuses a score outside. None, the default, for a judge whose scores
    /// vary without an end, as those of a reward model.
    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        None
    }
}

/// Makes a plugin from a configuration in JSON, as the host does.
pub fn configured<P: Plugin>(config: &str) -> Result<P, String> {
    config::read(config).and_then(P::new)
}

/// The configuration of a plugin that has nothing to configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
