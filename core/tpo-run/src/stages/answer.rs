//! Instructions to parsed completions: what every measurement of a model starts with.

use tpo_types::{Failure, Sampler};

use super::{parse::parse, render::render, resample::resample, sample::sample};
use crate::context::Context;
use crate::groups::CandidateGroup;
use crate::slice::Pass;

/// Renders, samples, parses, and samples again what did not parse, with the model of that identity.
pub(crate) fn answer<'a>(
    context: &Context<'_>,
    pass: &Pass<'a>,
    model: &str,
    sampler: &mut dyn Sampler,
) -> Result<Vec<CandidateGroup<'a>>, Failure> {
    let rendered = render(context, pass, sampler)?;
    let sampled = sample(context, pass, model, rendered, sampler)?;
    let parsed = parse(context, &pass.slice, sampled, sampler)?;
    resample(context, pass, model, parsed, sampler)
}
