//! Completions to candidates: a thought and a response, or the reason why a completion is
//! malformed.

use tpo_types::{Candidate, Completion, Failure, ParseOutcome, Sampler};

use crate::context::Context;
use crate::groups::{CandidateGroup, SampledGroup};
use crate::slice::Slice;

/// Splits the completions of a slice into thought and response.
pub(crate) fn parse<'a>(
    context: &Context<'_>,
    slice: Slice,
    groups: Vec<SampledGroup<'a>>,
    sampler: &dyn Sampler,
) -> Result<Vec<CandidateGroup<'a>>, Failure> {
    let completions: Vec<&Completion> =
        groups.iter().flat_map(|group| &group.completions).collect();
    let mut outcomes = context.pipeline.parser.parse(&completions)?.into_iter();
    let groups = groups
        .into_iter()
        .map(|group| {
            let parsed = group.completions.into_iter().zip(outcomes.by_ref());
            let candidates =
                parsed.map(|(completion, outcome)| candidate(completion, outcome, sampler));
            Ok(CandidateGroup {
                rendered: group.rendered,
                candidates: candidates.collect::<Result<_, Failure>>()?,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    context.store.put_candidates(slice, &groups)?;
    Ok(groups)
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
