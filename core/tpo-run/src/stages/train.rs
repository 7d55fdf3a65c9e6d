//! Preference pairs to the next policy.

mod no_pairs;

use tpo_types::{Checkpoint, Completion, Failure, Side, StepMetrics, TrainingPair};

use self::no_pairs::no_pairs;
use crate::context::Context;
use crate::directory::checkpoints;
use crate::groups::SelectedGroup;
use crate::metrics::TrainMetrics;
use crate::policy::Policy;
use crate::progress::Stage;
use crate::slice::Slice;

/// What training made.
#[derive(Debug)]
pub(crate) struct Trained {
    /// The next policy.
    pub policy: Policy,
    /// Means over the last epoch.
    pub metrics: TrainMetrics,
}

/// Trains the policy on the selected pairs and commits the result as a checkpoint.
pub(crate) fn train(
    context: &Context<'_>,
    iteration: usize,
    policy: &Policy,
    groups: &[SelectedGroup<'_>],
) -> Result<Trained, Failure> {
    let pairs: Vec<TrainingPair> = groups.iter().flat_map(training_pairs).collect();
    if pairs.is_empty() {
        return Err(no_pairs(iteration, groups));
    }
    let config = &context.plan.config.train;
    let total_steps = config.total_steps(pairs.len());
    context.stage_started(Stage::Train, Slice::Train(iteration), total_steps, 0);
    context.store.clear_steps(iteration)?;
    let path = context.plan.directory.checkpoint(iteration);
    let partial = checkpoints::begin(&path)?;
    let mut steps: Vec<StepMetrics> = Vec::new();
    context
        .pipeline
        .trainer
        .train(&policy.checkpoint, &pairs, &partial, &mut |metrics| {
            context.store.put_step(iteration, metrics)?;
            let before = steps.last().map_or(0, |last| last.num_tokens);
            context.item_done((metrics.num_tokens - before) as usize);
            steps.push(metrics.clone());
            Ok(())
        })?;
    let sha256 = checkpoints::commit(&partial, &path)?;
    context.stage_ended();
    Ok(Trained {
        policy: Policy {
            checkpoint: Checkpoint::at(path),
            identity: sha256,
        },
        metrics: TrainMetrics::of(&steps, total_steps / config.num_train_epochs),
    })
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
