//! Completions to candidates: a thought and a response, or the reason why a completion is
//! malformed.

use tpo_types::{Candidate, Completion, Failure, ParseOutcome, Sampler};

use super::one_per_item::one_per_item;
use crate::context::Context;
use crate::groups::{CandidateGroup, SampledGroup};
use crate::slice::Slice;

/// Splits the completions of a slice into thought and response.
pub(crate) fn parse<'a>(
    context: &Context<'_>,
    slice: &Slice,
    groups: Vec<SampledGroup<'a>>,
    sampler: &dyn Sampler,
) -> Result<Vec<CandidateGroup<'a>>, Failure> {
    let lengths: Vec<usize> = groups.iter().map(|group| group.completions.len()).collect();
    let (rendered, completions): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .map(|group| (group.rendered, group.completions))
        .unzip();
    let completions = completions.into_iter().flatten().collect();
    let mut candidates = parse_completions(context, completions, sampler)?.into_iter();
    let groups: Vec<CandidateGroup<'a>> = rendered
        .into_iter()
        .zip(lengths)
        .map(|(rendered, length)| CandidateGroup {
            rendered,
            candidates: candidates.by_ref().take(length).collect(),
        })
        .collect();
    context.store.put_candidates(slice, &groups)?;
    Ok(groups)
}

/// One candidate per completion.
pub(super) fn parse_completions(
    context: &Context<'_>,
    completions: Vec<Completion>,
    sampler: &dyn Sampler,
) -> Result<Vec<Candidate>, Failure> {
    let shown: Vec<&Completion> = completions.iter().collect();
    let outcomes = context.thought.parser.parse(&shown)?;
    let outcomes = one_per_item("the response parser", completions.len(), outcomes)?;
    let parsed = completions.into_iter().zip(outcomes);
    parsed
        .map(|(completion, outcome)| candidate(completion, outcome, sampler))
        .collect()
}

fn candidate(
    completion: Completion,
    outcome: ParseOutcome,
    sampler: &dyn Sampler,
) -> Result<Candidate, Failure> {
    let count = |text: &str| sampler.count_tokens(text).map(|count| count as u32);
    let (thought_tokens, response_tokens) = match &outcome {
        ParseOutcome::Parsed(parts) => (
            parts.thought.as_deref().map_or(Ok(0), count)?,
            count(&parts.response)?,
        ),
        ParseOutcome::Malformed(_) => (0, completion.token_ids.len() as u32),
    };
    Ok(Candidate {
        completion,
        outcome,
        thought_tokens,
        response_tokens,
        judgment: None,
    })
}
