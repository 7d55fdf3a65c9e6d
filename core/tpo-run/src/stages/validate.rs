//! A policy to its score on the validation instructions.

use tpo_types::Failure;

use super::{judge::judge, parse::parse, render::render, sample::sample};
use crate::context::Context;
use crate::metrics::Evaluation;
use crate::policy::Policy;
use crate::progress::Event;
use crate::slice::Slice;

/// Measures the policy after an iteration (0: the base model), unless that is recorded already.
pub(crate) fn validate(
    context: &Context<'_>,
    iteration: usize,
    policy: &Policy,
) -> Result<Evaluation, Failure> {
    let recorded = context.store.evaluations()?.into_iter();
    let mut recorded = recorded.filter(|recorded| recorded.iteration == iteration);
    if let Some(evaluation) = recorded.next() {
        return Ok(evaluation);
    }
    let slice = Slice::Validation(iteration);
    let mut sampler = (context.pipeline.open_sampler)(&policy.checkpoint)?;
    let rendered = render(context, slice, &*sampler)?;
    let sampled = sample(context, slice, policy, rendered, &mut *sampler)?;
    let parsed = parse(context, slice, sampled, &*sampler)?;
    drop(sampler);
    let judged = judge(context, slice, parsed)?;
    let evaluation = Evaluation::of(iteration, &judged.groups);
    context.store.put_evaluation(&evaluation)?;
    (context.observer)(&Event::Evaluated(&evaluation));
    Ok(evaluation)
}
