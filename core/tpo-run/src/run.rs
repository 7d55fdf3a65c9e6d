//! A whole run: measure the base model, then iterate and measure, and keep the best model.

mod changes;
mod record;

use tpo_types::{Checkpoint, Failure, FailureKind};

use crate::context::{Context, Judging, RunContext};
use crate::directory::{RunDirectory, checkpoints, exports};
use crate::iteration::iterate;
use crate::metrics::{Measurement, replaces};
use crate::model_version::ModelVersion;
use crate::pipeline::Pipeline;
use crate::plan::RunPlan;
use crate::policy::Policy;
use crate::progress::{Event, Observer};
use crate::stages::{Measured, validate};
use crate::store::Store;

/// Runs a plan from the `base` model to its end, resuming wherever an earlier start of the same
/// plan stopped.
pub fn run(
    plan: &RunPlan,
    base: &Checkpoint,
    pipeline: &Pipeline,
    observer: Observer<'_>,
) -> Result<(), Failure> {
    let _lock = plan.directory.lock()?;
    let store = Store::open(&plan.directory.store())?;
    let reuse_from = plan
        .reuse_from
        .as_ref()
        .map(|other| Store::open_read_only(&other.store()))
        .transpose()?;
    let mut policy = Policy {
        version: ModelVersion::BASE,
        identity: tpo_lm::local_model::identity(&base.path)?,
        checkpoint: base.clone(),
    };
    let context = RunContext {
        plan,
        pipeline,
        stages: Context {
            seed: plan.config.seed,
            params: &plan.params,
            thought: &pipeline.thought,
            judging: Judging {
                models: &pipeline.models,
                observer,
            },
            store: &store,
            reuse_from: reuse_from.as_ref(),
        },
    };
    record::record_inputs(&context, base)?;
    warn_of_self_judging(&context, &policy);

    let mut best = measure(&context, &policy, ModelVersion::BASE)?;
    for iteration in 1..=plan.config.iterations {
        policy = match finished(&context, iteration)? {
            Some(finished) => finished,
            None => iterate(&context, iteration, &policy, best.model)?,
        };
        let measurement = measure(&context, &policy, best.model)?;
        if replaces(&measurement, &best) {
            best = measurement;
        }
        prune_checkpoints(&plan.directory, iteration, best.model.iteration)?;
        exports::write_pairs(&store, &plan.directory.pairs())?;
        exports::write_metrics(&store, &plan.directory.metrics())?;
    }
    Ok(())
}

/// Warns if a judge asks the very model that is trained: such a judge prefers its own answers.
fn warn_of_self_judging(context: &RunContext<'_>, base: &Policy) {
    let mut models = context.pipeline.models.bound.iter();
    if let Some(model) = models.find(|model| model.identity == base.identity) {
        (context.stages.judging.observer)(&Event::Warning(&format!(
            "the model `{}` that judges ask is the model that is trained: its scores favor its own \
             answers; use another model, or a validation set with an independent judge",
            model.alias
        )));
    }
}

/// Measures a model on every validation set where it is not measured yet. Returns the measurement
/// on the first set, which chooses the best model.
fn measure(
    context: &RunContext<'_>,
    policy: &Policy,
    best: ModelVersion,
) -> Result<Measurement, Failure> {
    let mut opponents = vec![ModelVersion::BASE, best];
    opponents.dedup();
    opponents.retain(|opponent| *opponent != policy.version);
    let measured = Measured {
        policy,
        opponents: &opponents,
    };
    let mut sets = context.plan.validation.iter();
    let first = sets
        .next()
        .ok_or_else(|| Failure::new(FailureKind::Bug, "a checked plan has no validation set"))?;
    let choosing = validate(context, first, measured)?;
    for set in sets {
        validate(context, set, measured)?;
    }
    Ok(choosing)
}

/// The policy after an iteration that an earlier start has finished.
fn finished(context: &RunContext<'_>, iteration: usize) -> Result<Option<Policy>, Failure> {
    let Some(stored) = context.stages.store.checkpoint(iteration)? else {
        return Ok(None);
    };
    let path = context.plan.directory.root().join(stored.path);
    // A checkpoint that is neither the best nor the latest is removed; the iterations after it are
    // finished too and do not read it.
    if path.exists() {
        checkpoints::verify(&path, &stored.sha256)?;
    }
    Ok(Some(Policy {
        version: stored.version,
        checkpoint: Checkpoint::at(path),
        identity: stored.sha256,
    }))
}

/// Removes all checkpoints but the best and the latest, and points `checkpoints/best` to the best.
fn prune_checkpoints(directory: &RunDirectory, latest: usize, best: usize) -> Result<(), Failure> {
    for iteration in (1..latest).filter(|iteration| *iteration != best) {
        checkpoints::remove(&directory.checkpoint(iteration))?;
    }
    if best > 0 {
        checkpoints::point(
            &directory.checkpoints().join("best"),
            &directory.checkpoint(best),
        )?;
    }
    Ok(())
}
