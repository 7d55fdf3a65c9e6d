//! A whole run: measure the base model, then iterate and measure, and keep the best model.

mod changes;
mod record;

use tpo_types::{Checkpoint, Failure};

use crate::context::Context;
use crate::directory::{RunDirectory, checkpoints, exports};
use crate::iteration::iterate;
use crate::pipeline::Pipeline;
use crate::plan::RunPlan;
use crate::policy::Policy;
use crate::progress::Observer;
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
        identity: tpo_lm::local_model::identity(&base.path)?,
        checkpoint: base.clone(),
    };
    let context = Context {
        plan,
        pipeline,
        store: &store,
        reuse_from: reuse_from.as_ref(),
        observer,
    };
    record::record_inputs(&context, base)?;

    let mut best = validate(&context, 0, &policy)?;
    for iteration in 1..=plan.config.iterations {
        policy = match finished(&context, iteration)? {
            Some(finished) => finished,
            None => iterate(&context, iteration, &policy)?,
        };
        let evaluation = validate(&context, iteration, &policy)?;
        if evaluation.is_better_than(&best) {
            best = evaluation;
        }
        prune_checkpoints(&plan.directory, iteration, best.iteration)?;
        exports::write_pairs(&store, &plan.directory.pairs())?;
        exports::write_metrics(&store, &plan.directory.metrics())?;
    }
    Ok(())
}

/// The policy after an iteration that an earlier start has finished.
fn finished(context: &Context<'_>, iteration: usize) -> Result<Option<Policy>, Failure> {
    let Some(stored) = context.store.checkpoint(iteration)? else {
        return Ok(None);
    };
    let path = context.plan.directory.root().join(stored.path);
    // A checkpoint that is neither the best nor the latest is removed; the iterations after it are
    // finished too and do not read it.
    if path.exists() {
        checkpoints::verify(&path, &stored.sha256)?;
    }
    Ok(Some(Policy {
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
