//! Whether the model that a judge will ask for is bound, before anything is sampled.

use serde_json::Value;
use tpo_host::Plugins;
use tpo_types::{Failure, FailureKind};

use crate::config::MemberConfig;

/// The key with which a judge lets the user choose the alias of its model.
const KEY: &str = "model";

/// Refuses a judge that will ask for a model which is not bound. Judges that ask for models but
/// have no key for the alias are not checked: which alias they ask for is only known when they ask.
pub(crate) fn check(judge: &MemberConfig, plugins: &Plugins) -> Result<(), Failure> {
    let Some(models) = plugins.models() else {
        return Ok(());
    };
    if !plugins.asks_for_models(&judge.plugin)? {
        return Ok(());
    }
    let schema = plugins.inspect(&judge.plugin)?.config_schema;
    let Some(alias) = alias(judge, &schema["properties"][KEY]) else {
        return Ok(());
    };
    let bound: Vec<String> = models
        .bound()
        .into_iter()
        .map(|model| model.alias)
        .collect();
    if bound.contains(&alias) {
        return Ok(());
    }
    let what = format!(
        "the judge `{}` asks for the model `{alias}`, which is not bound",
        judge.plugin
    );
    Err(Failure::new(FailureKind::Usage, what).hint(format!(
        "bind it in `[models.{alias}]`, or set the judge's `config.{KEY}` to `{}`",
        bound.join("` or `")
    )))
}

/// The alias that the configuration sets, or else the default of the key.
fn alias(judge: &MemberConfig, key: &Value) -> Option<String> {
    if key["type"] != "string" {
        return None;
    }
    // A published bundle may set another default in its manifest.
    let default = (!judge.plugin.contains("://")).then(|| &key["default"]);
    let alias = judge.config.get(KEY).or(default)?;
    alias.as_str().map(str::to_owned)
}
