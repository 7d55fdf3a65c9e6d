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

use crate::context::RunContext;
use crate::directory::RunDirectory;
use crate::metrics::{IterationMetrics, Measurement, SampleMetrics, SelectorMetrics, drop_reasons};
use crate::policy::Policy;
use crate::progress::Event;
use crate::stages::{judge, parse, render, resample, sample, select, train};
use crate::store::StoredCheckpoint;

/// Samples, parses, judges, selects and trains. Returns the next policy. `base` is the
/// measurement of the base model on the set that chooses.
pub(crate) fn iterate(
    context: &RunContext<'_>,
    iteration: usize,
    policy: &Policy,
    base: &Measurement,
) -> Result<Policy, Failure> {
    let stages = &context.stages;
    let pass = &context.plan.training(iteration);
    let model = &policy.identity;

    let mut sampler = (context.pipeline.open_sampler)(&policy.checkpoint)?;
    let rendered = render(stages, pass, &*sampler)?;
    let sampled = sample(stages, pass, model, rendered, &mut *sampler)?;
    let parsed = parse(stages, &pass.slice, sampled, &*sampler)?;
    let parsed = resample(stages, pass, model, parsed, &mut *sampler)?;
    // Frees the sampler's copy of the weights before training loads its own.
    drop(sampler);

    let judged = judge(stages, &pass.slice, &context.pipeline.judge, parsed)?;
    let selected = select(context, &pass.slice, judged.groups)?;
    let trained = train(context, iteration, policy, base, &selected.groups)?;

    let groups = &selected.groups;
    let k = pass.num_samples;
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
    stages.store.put_iteration(&checkpoint, &metrics)?;
    (stages.judging.observer)(&Event::IterationEnded(&metrics));
    Ok(trained.policy)
}
