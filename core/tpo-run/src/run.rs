//! A whole run: measure the base model, then iterate and measure, and keep the best model.

use tpo_types::{BoundModel, Checkpoint, Failure, FailureKind, Instruction};

use crate::checkpoints;
use crate::directory::RunDirectory;
use crate::exports;
use crate::figures::Evaluation;
use crate::plan::RunPlan;
use crate::progress::{Event, Observer};
use crate::slice::Slice;
use crate::stages::Stages;
use crate::store::Store;

/// A run at work.
pub(crate) struct Run<'a> {
    pub plan: &'a RunPlan,
    pub stages: &'a Stages,
    pub store: &'a Store,
    /// Another run, from which is taken what would be made the same.
    pub from: Option<&'a Store>,
    /// What the base model is, by the digest of its files.
    pub base_identity: String,
    pub observer: Observer<'a>,
}

/// Runs a plan to its end, from wherever an earlier start of the same plan has stopped.
pub fn run(plan: &RunPlan, stages: &Stages, observer: Observer<'_>) -> Result<(), Failure> {
    let _lock = plan.directory.lock()?;
    let store = Store::open(&plan.directory.store())?;
    let from = plan
        .from
        .as_ref()
        .map(|from| Store::open_read_only(&from.store()))
        .transpose()?;
    let base_identity = tpo_lm::local_model::identity(&plan.base.path)?;
    let run = Run {
        plan,
        stages,
        store: &store,
        from: from.as_ref(),
        base_identity,
        observer,
    };
    run.record_plan()?;

    let mut policy = plan.base.clone();
    let mut best = run.evaluate(0, &policy)?;
    for iteration in 1..=plan.config.iterations {
        policy = match run.finished(iteration)? {
            Some(checkpoint) => checkpoint,
            None => run.iterate(iteration, &policy)?,
        };
        let evaluation = run.evaluate(iteration, &policy)?;
        if evaluation.is_better_than(&best) {
            best = evaluation;
        }
        run.keep(iteration, best.iteration)?;
        exports::write_pairs(&store, &plan.directory.pairs())?;
        exports::write_metrics(&store, &plan.directory.metrics())?;
    }
    Ok(())
}

impl Run<'_> {
    /// Records what the run is made of, or refuses to go on with something else than it began with.
    fn record_plan(&self) -> Result<(), Failure> {
        let config = serde_json::to_string(&self.plan.config).map_err(|error| {
            Failure::new(FailureKind::Bug, "the configuration does not serialize").because(error)
        })?;
        if let Some(before) = self.store.value("config")? {
            self.refuse_changes(&before, &config)?;
        }
        self.store.set_value("config", &config)?;
        self.store
            .set_value("tpo_version", env!("CARGO_PKG_VERSION"))?;
        self.store
            .set_value("base_model", &self.plan.base.path.display().to_string())?;
        for (position, cast) in self.stages.cast.iter().enumerate() {
            self.store
                .put_plugin(position, cast.role, &cast.plugin, &cast.config)?;
        }
        self.store
            .set_value("models", &crate::store::to_json(&self.stages.models))?;
        self.store.put_instructions("train", &self.plan.train)?;
        self.store
            .put_instructions("validation", &self.plan.validation)
    }

    fn refuse_changes(&self, before: &str, now: &str) -> Result<(), Failure> {
        let mut changes = differences(before, now)?;
        for (cast, sha256) in self.stages.cast.iter().zip(self.store.plugin_digests()?) {
            if sha256 != cast.plugin.sha256 {
                changes.push(format!(
                    "{}: the component `{}` has other bytes",
                    cast.role, cast.plugin.source
                ));
            }
        }
        let bound: Vec<BoundModel> = match self.store.value("models")? {
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::new(FailureKind::Integrity, "the stored models do not read back")
                    .because(error)
            })?,
            None => Vec::new(),
        };
        for before in &bound {
            let is_changed =
                |now: &BoundModel| now.alias == before.alias && now.identity != before.identity;
            if self.stages.models.iter().any(is_changed) {
                changes.push(format!(
                    "models.{}: the model has other bytes",
                    before.alias
                ));
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let root = self.plan.directory.root().display();
        Err(Failure::new(
            FailureKind::Usage,
            format!(
                "`{root}` holds a run with other settings:\n  {}",
                changes.join("\n  ")
            ),
        )
        .hint("undo the change to resume it, or start a new run with another `name` or `--dir`"))
    }

    /// The checkpoint of an iteration that an earlier start has finished.
    fn finished(&self, iteration: usize) -> Result<Option<Checkpoint>, Failure> {
        let Some((name, sha256)) = self.store.checkpoint(iteration)? else {
            return Ok(None);
        };
        let path = self.plan.directory.root().join(name);
        // Neither best nor latest: it was removed, and the iterations after it have ended too.
        if path.exists() {
            checkpoints::verify(&path, &sha256)?;
        }
        Ok(Some(Checkpoint::at(path)))
    }

    /// What the policy after an iteration is, by the digest of its files; 0 is the base model.
    pub(crate) fn identity_after(&self, iteration: usize) -> Result<String, Failure> {
        if iteration == 0 {
            return Ok(self.base_identity.clone());
        }
        let checkpoint = self.store.checkpoint(iteration)?;
        checkpoint.map(|(_, sha256)| sha256).ok_or_else(|| {
            Failure::new(
                FailureKind::Bug,
                format!("iteration {iteration} has no checkpoint and is sampled from"),
            )
        })
    }

    /// Measures a policy on the validation instructions, unless that was done before.
    fn evaluate(&self, iteration: usize, policy: &Checkpoint) -> Result<Evaluation, Failure> {
        let known: Vec<Evaluation> = self.store.evaluations()?;
        if let Some(evaluation) = known
            .into_iter()
            .find(|evaluation| evaluation.iteration == iteration)
        {
            return Ok(evaluation);
        }
        let slice = Slice::Validation(iteration);
        let instructions: &[Instruction] = &self.plan.validation;
        let mut sampler = (self.stages.open_sampler)(policy)?;
        let prompts = self.render(slice, instructions, &*sampler)?;
        let policy = self.identity_after(iteration)?;
        let k = self.plan.config.validation.num_samples;
        let completions = self.sample((slice, &policy), &prompts, k, &mut *sampler)?;
        let candidates = self.parse(completions, &*sampler)?;
        drop(sampler);
        let (judged, _) = self.judge(slice, instructions, candidates)?;
        let evaluation = Evaluation::of(iteration, &judged);
        self.store.put_evaluation(iteration, &evaluation)?;
        (self.observer)(&Event::Evaluated(&evaluation));
        Ok(evaluation)
    }

    /// Keeps the best and the latest checkpoint and removes the others; `checkpoints/best` points
    /// to the best.
    fn keep(&self, latest: usize, best: usize) -> Result<(), Failure> {
        let root = self.plan.directory.root();
        let path_of = |iteration: usize| root.join(RunDirectory::checkpoint_name(iteration));
        for iteration in (1..latest).filter(|iteration| *iteration != best) {
            checkpoints::remove(&path_of(iteration))?;
        }
        if best > 0 {
            checkpoints::point(
                &self.plan.directory.checkpoints().join("best"),
                &path_of(best),
            )?;
        }
        Ok(())
    }
}

/// The settings that differ, one sentence each.
fn differences(before: &str, now: &str) -> Result<Vec<String>, Failure> {
    let flat = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
            Failure::new(
                FailureKind::Integrity,
                "the stored configuration does not read back",
            )
            .because(error)
        })?;
        let mut leaves = std::collections::BTreeMap::new();
        flatten("", &value, &mut leaves);
        Ok::<_, Failure>(leaves)
    };
    let (before, now) = (flat(before)?, flat(now)?);
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let shown = |value: Option<&String>| value.map_or_else(|| "unset".to_owned(), Clone::clone);
    let changed = keys
        .into_iter()
        .filter(|key| before.get(*key) != now.get(*key) && decides_what_is_made(key));
    Ok(changed
        .map(|key| {
            format!(
                "{key}: {} -> {}",
                shown(before.get(key)),
                shown(now.get(key))
            )
        })
        .collect())
}

/// Whether a setting decides what is made. The others decide how fast, and whether at all: what a
/// plugin may use, how a server is asked, how many unscored responses are borne. A run that stopped
/// for one of those goes on with more of it.
fn decides_what_is_made(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        ["limits", ..] | ["judge", "max_unscored"] => false,
        ["models", _, "server", setting] => matches!(*setting, "base_url" | "model"),
        _ => true,
    }
}

fn flatten(
    path: &str,
    value: &serde_json::Value,
    leaves: &mut std::collections::BTreeMap<String, String>,
) {
    match value {
        serde_json::Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(&path, value, leaves);
            }
        }
        leaf => {
            leaves.insert(path.to_owned(), leaf.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_settings_are_named() {
        let changes = differences(
            r#"{"a": {"b": 1, "c": 2}}"#,
            r#"{"a": {"b": 1, "c": 3}, "d": null}"#,
        )
        .expect("JSON");
        assert_eq!(changes, ["a.c: 2 -> 3", "d: unset -> null"]);
    }

    #[test]
    fn a_run_goes_on_with_more_of_what_it_ran_out_of() {
        let config = |calls: u32, model: &str| {
            let server = format!(r#"{{"model": "{model}", "max_calls": {calls}}}"#);
            let limits = format!(r#"{{"memory_mib": {calls}}}"#);
            format!(
                r#"{{"models": {{"judge": {{"server": {server}}}}}, "limits": {limits}, "judge": {{"max_unscored": 0.{calls}}}}}"#
            )
        };
        let changes = |before: String, now: String| differences(&before, &now).expect("JSON");
        assert!(changes(config(1, "m"), config(2, "m")).is_empty());
        assert_eq!(
            changes(config(1, "m"), config(1, "n")),
            [r#"models.judge.server.model: "m" -> "n""#]
        );
    }
}
