//! What a run is made of: its configuration, and which plugin stands where in it.

use std::collections::BTreeMap;

use serde_json::Value;
use tpo_judge::LoadedPlugin;
use tpo_lm::token_units::TokenUnits;
use tpo_types::{BoundModel, Failure, FailureKind, PluginRole};

use crate::store::{Store, from_json};

/// Settings, plugins and models of a run.
#[derive(Debug)]
pub(super) struct RunInputs {
    /// The configuration, with absolute paths.
    pub config: Value,
    /// The plugins by the key of the configuration that names them, such as `judge` or
    /// `judge.panel[0]`.
    pub plugins: BTreeMap<String, LoadedPlugin>,
    /// The models that judges may ask.
    pub models: Vec<BoundModel>,
    /// What a token of its models is; none of a run of an earlier version of tpo.
    pub token_units: Option<TokenUnits>,
    /// The version of tpo that ran it last.
    pub tpo_version: Option<String>,
}

impl RunInputs {
    /// Reads them; none of a run that has recorded nothing yet.
    pub(super) fn read(store: &Store) -> Result<Option<Self>, Failure> {
        let Some(config) = store.value("config")? else {
            return Ok(None);
        };
        let config = from_json("the configuration", &config)?;
        let models = match store.value("models")? {
            Some(text) => from_json("the list of models", &text)?,
            None => Vec::new(),
        };
        Ok(Some(Self {
            plugins: by_key(&config, store.plugins()?)?,
            config,
            models,
            token_units: store
                .value("token_units")?
                .map(|text| from_json("what a token is", &text))
                .transpose()?,
            tpo_version: store.value("tpo_version")?,
        }))
    }

    /// The settings of a validation set.
    pub(super) fn set(&self, name: &str) -> &Value {
        let sets = self.config["validation"].as_array();
        let mut sets = sets.into_iter().flatten();
        let found = sets.find(|one| one["name"] == name);
        found.unwrap_or(&Value::Null)
    }
}

/// The plugins of a run by key. A run records the template, the parser, its judges, then the judges
/// of validation sets in the order of the sets' names, and the selector.
fn by_key(
    config: &Value,
    plugins: Vec<LoadedPlugin>,
) -> Result<BTreeMap<String, LoadedPlugin>, Failure> {
    let mut keys = judge_keys("judge", &config["judge"]);
    let sets = config["validation"].as_array();
    let own = sets.into_iter().flatten().filter_map(|set| {
        let name = set["name"].as_str()?;
        Some((name, set.get("judge")?))
    });
    for (name, judge) in own.collect::<BTreeMap<_, _>>() {
        keys.extend(judge_keys(&own_judge(name), judge));
    }
    let wanted = keys.len();
    let mut keys = keys.into_iter();
    let mut found = BTreeMap::new();
    let mut judges = 0;
    for plugin in plugins {
        let key = match plugin.role {
            PluginRole::ThoughtTemplate => Some("thought".to_owned()),
            PluginRole::ResponseParser => Some("parser".to_owned()),
            PluginRole::PairSelector => Some("selector".to_owned()),
            PluginRole::Judge | PluginRole::PairwiseJudge => {
                judges += 1;
                keys.next()
            }
        };
        found.extend(key.map(|key| (key, plugin)));
    }
    if judges == wanted {
        return Ok(found);
    }
    let what = format!("a run recorded {judges} judges, and its configuration names {wanted}");
    Err(Failure::new(FailureKind::Integrity, what)
        .hint("use the version of tpo that wrote the run"))
}

/// The key of the judge that a validation set has of its own.
pub(super) fn own_judge(set: &str) -> String {
    format!("validation.{set}.judge")
}

/// The keys of a judge: of itself, or of each member of the panel.
pub(super) fn judge_keys(key: &str, judge: &Value) -> Vec<String> {
    match judge["panel"].as_array().map(Vec::len) {
        None | Some(0) => vec![key.to_owned()],
        Some(members) => (0..members)
            .map(|index| format!("{key}.panel[{index}]"))
            .collect(),
    }
}
