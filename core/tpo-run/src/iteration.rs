//! One iteration of Thought Preference Optimization (arXiv 2410.10630, section 2), from a policy to
//! the next.
//!
//! As in the paper: K completions per instruction under the thought prompt, a judge that sees
//! responses only, best against worst, DPO on the whole completion, disjoint instructions per
//! iteration, each iteration starting from the model of the one before. Unlike the paper: the
//! reference log-probabilities are the ones recorded during sampling, because the policy that
//! samples is the reference; and a thought may be closed by forced tokens, which the loss leaves
//! out.

use tpo_types::Failure;

use crate::context::Context;
use crate::directory::RunDirectory;
use crate::metrics::{IterationMetrics, SampleMetrics, SelectorMetrics, drop_reasons};
use crate::model_version::ModelVersion;
use crate::policy::Policy;
use crate::progress::Event;
use crate::slice::Slice;
use crate::stages::{judge, parse, render, resample, sample, select, train};
use crate::store::StoredCheckpoint;

/// Samples, parses, judges, selects and trains. Returns the next policy. `best` is the best model
/// of the run so far.
pub(crate) fn iterate(
    context: &Context<'_>,
    iteration: usize,
    policy: &Policy,
    best: ModelVersion,
) -> Result<Policy, Failure> {
    let slice = &Slice::Train(iteration);

    let mut sampler = (context.pipeline.open_sampler)(&policy.checkpoint)?;
    let rendered = render(context, slice, &*sampler)?;
    let sampled = sample(context, slice, policy, rendered, &mut *sampler)?;
    let parsed = parse(context, slice, sampled, &*sampler)?;
    let parsed = resample(context, slice, parsed, &mut *sampler)?;
    // Frees the sampler's copy of the weights before training loads its own.
    drop(sampler);

    let judged = judge(context, slice, parsed)?;
    let selected = select(context, slice, judged.groups)?;
    let trained = train(context, iteration, policy, best, &selected.groups)?;

    let groups = &selected.groups;
    let k = context.plan.num_samples(slice);
    let metrics = IterationMetrics {
        iteration,
        sampled_from: policy.version,
        sampled: SampleMetrics::of(groups.iter().map(|selected| &selected.group), k),
        pairs: groups.iter().map(|selected| selected.pairs().len()).sum(),
        drops: drop_reasons(groups),
        selector: SelectorMetrics::of(groups, selected.metrics),
        judge: judged.metrics,
        train: trained.metrics,
        kept: trained.policy.version,
    };
    let checkpoint = StoredCheckpoint {
        path: RunDirectory::checkpoint_name(iteration),
        sha256: trained.policy.identity.clone(),
        version: trained.policy.version,
    };
    context.store.put_iteration(&checkpoint, &metrics)?;
    (context.observer)(&Event::IterationEnded(&metrics));
    Ok(trained.policy)
}
