//! A whole run: measure the base model, then iterate and measure, and keep the best model.

mod changes;
mod record;

use tpo_types::{Checkpoint, Failure, FailureKind};

use crate::context::{Context, Judging, RunContext};
use crate::directory::{RunDirectory, checkpoints, exports};
use crate::iteration::iterate;
use crate::metrics::{Choice, Measurement};
use crate::model_version::ModelVersion;
use crate::pipeline::Pipeline;
use crate::plan::RunPlan;
use crate::policy::Policy;
use crate::progress::{Event, Observer};
use crate::stages::validate;
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
            precision: plan.precision,
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

    let base = measure(&context, &policy)?;
    let mut choice = Choice::from_base(base.clone());
    for iteration in 1..=plan.config.iterations {
        policy = match finished(&context, iteration)? {
            Some(finished) => finished,
            None => iterate(&context, iteration, &policy, &base)?,
        };
        choice.add(measure(&context, &policy)?);
        prune_checkpoints(&plan.directory, iteration, &choice)?;
        exports::write_pairs(&store, &plan.directory.pairs())?;
        exports::write_metrics(&store, &plan.directory.metrics())?;
    }
    Ok(())
}

/// Warns if a judge asks the very model that is trained.
fn warn_of_self_judging(context: &RunContext<'_>, base: &Policy) {
    if let Some(warning) = context.pipeline.models.self_judging(&base.identity) {
        (context.stages.judging.observer)(&Event::Warning(&warning));
    }
}

/// Measures a model on every validation set where it is not measured yet. Returns the measurement
/// on the first set, which chooses the best model.
fn measure(context: &RunContext<'_>, policy: &Policy) -> Result<Measurement, Failure> {
    let mut sets = context.plan.validation.iter();
    let first = sets
        .next()
        .ok_or_else(|| Failure::new(FailureKind::Bug, "a checked plan has no validation set"))?;
    let choosing = validate(context, first, policy)?;
    for set in sets {
        validate(context, set, policy)?;
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

/// Removes the checkpoints that can no longer be the best, and points `checkpoints/best` to the
/// best. The latest stays: the next iteration starts from it.
fn prune_checkpoints(
    directory: &RunDirectory,
    latest: usize,
    choice: &Choice,
) -> Result<(), Failure> {
    let remembered: Vec<usize> = choice.remembered().map(|model| model.iteration).collect();
    for iteration in (1..latest).filter(|iteration| !remembered.contains(iteration)) {
        checkpoints::remove(&directory.checkpoint(iteration))?;
    }
    let best = choice.kept().map_or(0, |best| best.model.iteration);
    let link = directory.checkpoints().join("best");
    if best > 0 {
        checkpoints::point(&link, &directory.checkpoint(best))
    } else {
        checkpoints::unpoint(&link)
    }
}
