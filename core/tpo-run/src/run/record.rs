//! Records what a run is made of. A run directory belongs to one set of inputs.

use tpo_lm::token_units::TokenUnits;
use tpo_types::{BoundModel, Checkpoint, Failure, FailureKind};

use super::changes;
use crate::config::canonical;
use crate::context::RunContext;
use crate::plan::ValidationSet;
use crate::store::{from_json, to_json};

/// Records the settings, plugins, models and instructions of a run. Refuses those that differ from
/// the ones that the run was started with.
pub(super) fn record_inputs(context: &RunContext<'_>, base: &Checkpoint) -> Result<(), Failure> {
    let (plan, store) = (context.plan, context.stages.store);
    let config = to_json(&plan.config.with_absolute_paths());
    if let Some(before) = store.value("config")? {
        refuse_changes(context, &before, &config)?;
    }
    store.set_value("config", &config)?;
    store.set_value("tpo_version", env!("CARGO_PKG_VERSION"))?;
    store.set_value("base_model", &canonical(&base.path).display().to_string())?;
    store.set_value("token_units", &to_json(&TokenUnits::of(&base.path)?))?;
    store.put_plugins(&context.pipeline.plugins)?;
    store.set_value("models", &to_json(&context.pipeline.models.bound))?;
    store.put_instructions("train", &plan.train)?;
    let names: Vec<&str> = plan.validation.iter().map(ValidationSet::name).collect();
    store.put_validation_sets(&names)?;
    for set in &plan.validation {
        store.put_instructions(set.name(), &set.instructions)?;
    }
    Ok(())
}

fn refuse_changes(context: &RunContext<'_>, before: &str, now: &str) -> Result<(), Failure> {
    let mut changes = changes::changed_settings(before, now)?;
    changes.extend(changed_plugins(context)?);
    changes.extend(changed_models(context)?);
    if changes.is_empty() {
        return Ok(());
    }
    let root = context.plan.directory.root().display();
    let changes = changes.join("\n  ");
    Err(Failure::new(
        FailureKind::Usage,
        format!("`{root}` holds a run with other settings:\n  {changes}"),
    )
    .hint("undo the change to resume it, or start a new run with another `name` or `--dir`"))
}

fn changed_plugins(context: &RunContext<'_>) -> Result<Vec<String>, Failure> {
    let loaded = context.pipeline.plugins.iter();
    let changed = loaded
        .zip(context.stages.store.plugin_digests()?)
        .filter(|(loaded, sha256)| *sha256 != loaded.plugin.sha256);
    Ok(changed
        .map(|(loaded, _)| {
            let (role, name) = (loaded.role, &loaded.plugin.name);
            format!("{role}: `{name}` is not the component of this run (checksum mismatch)")
        })
        .collect())
}

fn changed_models(context: &RunContext<'_>) -> Result<Vec<String>, Failure> {
    let before: Vec<BoundModel> = match context.stages.store.value("models")? {
        Some(text) => from_json("the list of models", &text)?,
        None => Vec::new(),
    };
    let now = &context.pipeline.models.bound;
    let changed = before.iter().filter(|before| {
        now.iter()
            .any(|now| now.alias == before.alias && now.identity != before.identity)
    });
    Ok(changed
        .map(|model| {
            format!(
                "models.{}: it is not the model of this run (checksum mismatch)",
                model.alias
            )
        })
        .collect())
}
