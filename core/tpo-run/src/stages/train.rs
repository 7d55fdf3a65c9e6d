//! Preference pairs to the next policy.

mod checkpoints;
mod no_pairs;
mod trained;

use tpo_lm::precision::{Precision, TrainPrecision};
use tpo_types::{Completion, Failure, Side, TrainRequest, TrainingPair};

use self::checkpoints::TrainingCheckpoints;
use self::no_pairs::no_pairs;
use self::trained::Trained;
use crate::context::{Context, RunContext};
use crate::engines::{self, EngineWork};
use crate::groups::SelectedGroup;
use crate::metrics::Measurement;
use crate::policy::Policy;
use crate::progress::Stage;
use crate::slice::Slice;

/// Trains the policy on the selected pairs. Models on the way are measured on the validation sets,
/// and the one to keep is committed as a checkpoint. `base` is the measurement of the
/// base model on the set that chooses.
pub(crate) fn train(
    context: &RunContext<'_>,
    iteration: usize,
    policy: &Policy,
    base: &Measurement,
    groups: &[SelectedGroup<'_>],
) -> Result<Trained, Failure> {
    let pairs: Vec<TrainingPair> = groups.iter().flat_map(training_pairs).collect();
    if pairs.is_empty() {
        let k = context.plan.config.sampling.num_samples;
        return Err(no_pairs(iteration, k, groups));
    }
    let config = &context.plan.config.train;
    let total_steps = config.total_steps(pairs.len());
    let Context { store, judging, .. } = context.stages;
    store.clear_steps(iteration)?;
    let engine = context.plan.train_precision.engine();
    engines::record(store, judging, EngineWork::Training, &engine)?;
    judging.stage_started(Stage::Train, &Slice::Train(iteration), total_steps, 0);
    let mut checkpoints = TrainingCheckpoints::new(context, iteration, base, pairs.len())?;
    context.pipeline.trainer.train(
        &TrainRequest {
            policy: &policy.checkpoint,
            pairs: &pairs,
            recompute_reference: context.plan.precision != Precision::F32
                || context.plan.train_precision != TrainPrecision::F32,
            checkpoint_steps: &context.plan.checkpoint_steps(pairs.len()),
        },
        &mut checkpoints,
    )?;
    judging.stage_ended();
    checkpoints.kept()
}

/// The pairs of one instruction as tokens.
fn training_pairs(selected: &SelectedGroup<'_>) -> impl Iterator<Item = TrainingPair> {
    let group = &selected.group;
    selected.pairs().iter().map(|pair| TrainingPair {
        id: group.id().to_owned(),
        prompt_ids: group.rendered.token_ids.clone(),
        chosen: side(&group.candidates[pair.chosen()].completion),
        rejected: side(&group.candidates[pair.rejected()].completion),
    })
}

fn side(completion: &Completion) -> Side {
    let loss_mask: Vec<bool> = completion.forced.iter().map(|forced| !forced).collect();
    let counted = completion
        .log_probs
        .iter()
        .zip(&loss_mask)
        .filter(|(_, counts)| **counts);
    Side {
        token_ids: completion.token_ids.clone(),
        reference_log_prob: counted.map(|(log_prob, _)| f64::from(*log_prob)).sum(),
        loss_mask,
    }
}
