//! More completions where too few of them parse.
//!
//! A validation instruction whose completions do not parse is sampled again, as in the paper's
//! evaluation; a training instruction with fewer than two parsed completions, which cannot give a
//! pair of responses, gets as many again.

use tpo_types::{Failure, Sampler};

use super::parse::parse_completions;
use super::sample::{Wanted, sample_missing, take};
use crate::context::Context;
use crate::groups::CandidateGroup;
use crate::progress::Stage;
use crate::reuse;
use crate::slice::{Pass, Slice};

/// Parsed completions that a training instruction needs.
const NEEDED_FOR_A_PAIR: usize = 2;

/// Appends candidates to the groups of a slice that have too few parsed ones, as often as the
/// configuration says.
pub(crate) fn resample<'a>(
    context: &Context<'_>,
    pass: &Pass<'_>,
    model: &str,
    mut groups: Vec<CandidateGroup<'a>>,
    sampler: &mut dyn Sampler,
) -> Result<Vec<CandidateGroup<'a>>, Failure> {
    let slice = &pass.slice;
    let rendered = groups.iter().map(|group| &group.rendered);
    let keys = reuse::completion_keys(context, slice, model, rendered);
    let mut completions = None;
    for _ in 0..pass.resample {
        let short: Vec<(usize, usize)> = (0..groups.len())
            .map(|index| (index, shortage(pass, &groups[index])))
            .filter(|(_, shortage)| *shortage > 0)
            .collect();
        if short.is_empty() {
            break;
        }
        let completions = match &mut completions {
            Some(completions) => completions,
            none => none.insert(context.store.completions(slice, &keys)?),
        };
        let wanted: Vec<Wanted<'_, '_>> = short
            .iter()
            .map(|(index, shortage)| {
                let group = &groups[*index];
                let next = group.candidates.len();
                Wanted {
                    rendered: &group.rendered,
                    indices: next..next + shortage,
                }
            })
            .collect();
        sample_missing(
            context,
            slice,
            Stage::Resample,
            &wanted,
            &keys,
            completions,
            sampler,
        )?;
        for (index, shortage) in short {
            let group = &mut groups[index];
            let next = group.candidates.len();
            let sampled = take(completions, &group.rendered, next..next + shortage)?;
            let parsed = parse_completions(context, sampled, sampler)?;
            group.candidates.extend(parsed);
        }
    }
    context.store.put_candidates(slice, &groups)?;
    context.store.trim_candidates(slice, &groups)?;
    Ok(groups)
}

/// How many more completions an instruction gets.
fn shortage(pass: &Pass<'_>, group: &CandidateGroup<'_>) -> usize {
    let k = pass.num_samples;
    let parsed = group.parsed().len();
    match pass.slice {
        Slice::Train(_) if parsed < NEEDED_FOR_A_PAIR => k,
        Slice::Train(_) => 0,
        Slice::Validation { .. } | Slice::Evaluation { .. } => k.saturating_sub(parsed),
    }
}
