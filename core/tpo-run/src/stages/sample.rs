//! Prompts to completions.

use std::collections::BTreeMap;

use tpo_types::{Completion, Failure, FailureKind, SampleId, SampleJob, Sampler};

use crate::context::Context;
use crate::groups::{Rendered, SampledGroup};
use crate::policy::Policy;
use crate::progress::Stage;
use crate::reuse;
use crate::slice::Slice;
use crate::store::{CompletionsById, StageOutput};

/// Samples the completions of a slice that are not there yet. Each is committed as soon as it ends.
pub(crate) fn sample<'a>(
    context: &Context<'_>,
    slice: Slice,
    policy: &Policy,
    prompts: Vec<Rendered<'a>>,
    sampler: &mut dyn Sampler,
) -> Result<Vec<SampledGroup<'a>>, Failure> {
    let k = context.plan.num_samples(slice);
    let items = prompts.len() * k;
    let cache_key = reuse::completions_key(context.plan, slice, policy, &prompts);
    let mut completions = reuse::cached_completions(context, slice, &cache_key)?;
    let reused = completions.values().map(BTreeMap::len).sum();
    let jobs: Vec<SampleJob<'_>> = prompts
        .iter()
        .map(|rendered| SampleJob {
            prompt: &rendered.prompt,
            prompt_ids: &rendered.token_ids,
            samples: missing_samples(context, slice, rendered, &completions),
        })
        .filter(|job| !job.samples.is_empty())
        .collect();
    let missing: usize = jobs.iter().map(|job| job.samples.len()).sum();

    context.stage_started(Stage::Sample, slice, items, items - missing);
    sampler.sample(&jobs, &context.plan.params, &mut |id, completion| {
        context.store.put_completion(id, &completion)?;
        context.item_done(completion.token_ids.len());
        let of_one = completions.entry(id.instruction_id.clone()).or_default();
        of_one.insert(id.index, completion);
        Ok(())
    })?;
    context.stage_ended();

    let output = StageOutput {
        cache_key,
        items,
        reused,
        stats: "{}".to_owned(),
    };
    context
        .store
        .put_stage_output(slice, Stage::Sample, &output)?;
    prompts
        .into_iter()
        .map(|rendered| complete(rendered, k, &mut completions))
        .collect()
}

fn missing_samples(
    context: &Context<'_>,
    slice: Slice,
    rendered: &Rendered<'_>,
    completions: &CompletionsById,
) -> Vec<SampleId> {
    let id = &rendered.instruction.id;
    let sampled = completions.get(id);
    (0..context.plan.num_samples(slice))
        .filter(|index| sampled.is_none_or(|sampled| !sampled.contains_key(index)))
        .map(|index| SampleId {
            seed: context.plan.config.seed,
            slice: slice.to_string(),
            instruction_id: id.clone(),
            index,
        })
        .collect()
}

/// The group of one instruction, with its completions in the order of their indices.
fn complete<'a>(
    rendered: Rendered<'a>,
    k: usize,
    completions: &mut CompletionsById,
) -> Result<SampledGroup<'a>, Failure> {
    let id = &rendered.instruction.id;
    let mut sampled = completions.remove(id).unwrap_or_default();
    let completions = (0..k)
        .map(|index| {
            sampled.remove(&index).ok_or_else(|| {
                let what = format!("the sampler did not write completion {index} of `{id}`");
                Failure::new(FailureKind::Bug, what)
            })
        })
        .collect::<Result<Vec<Completion>, Failure>>()?;
    Ok(SampledGroup {
        rendered,
        completions,
    })
}
