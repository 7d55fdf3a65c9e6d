//! Prompts to completions.

use std::collections::BTreeMap;
use std::ops::Range;

use tpo_types::{Completion, Failure, FailureKind, SampleId, SampleJob, Sampler};

use crate::context::Context;
use crate::engines::{self, EngineWork};
use crate::groups::{Rendered, SampledGroup};
use crate::progress::Stage;
use crate::reuse;
use crate::slice::{Pass, Slice};
use crate::store::{CompletionKeys, CompletionsById, StageOutput};

/// Samples the completions of a pass that are not there yet, with the model of that identity. Each
/// is committed as soon as it ends.
pub(crate) fn sample<'a>(
    context: &Context<'_>,
    pass: &Pass<'_>,
    model: &str,
    prompts: Vec<Rendered<'a>>,
    sampler: &mut dyn Sampler,
) -> Result<Vec<SampledGroup<'a>>, Failure> {
    let (slice, k) = (&pass.slice, pass.num_samples);
    let keys = reuse::completion_keys(context, slice, model, &prompts);
    let mut completions = reuse::cached_completions(context, slice, &keys)?;
    let wanted: Vec<Wanted<'_, '_>> = prompts
        .iter()
        .map(|rendered| Wanted {
            rendered,
            indices: 0..k,
        })
        .collect();
    let items = prompts.len() * k;
    let reused = items
        - sample_missing(
            context,
            slice,
            Stage::Sample,
            &wanted,
            &keys,
            &mut completions,
            sampler,
        )?;
    let output = StageOutput {
        cache_key: reuse::key_of_all(&keys),
        items,
        reused,
        stats: "{}".to_owned(),
    };
    context
        .store
        .put_stage_output(slice, Stage::Sample, &output)?;
    prompts
        .into_iter()
        .map(|rendered| {
            Ok(SampledGroup {
                completions: take(&mut completions, &rendered, 0..k)?,
                rendered,
            })
        })
        .collect()
}

/// Completions of one instruction, by their indices.
pub(super) struct Wanted<'r, 'a> {
    pub rendered: &'r Rendered<'a>,
    pub indices: Range<usize>,
}

/// Samples those of the wanted completions that are missing, and adds them. Returns how many.
pub(super) fn sample_missing(
    context: &Context<'_>,
    slice: &Slice,
    stage: Stage,
    wanted: &[Wanted<'_, '_>],
    keys: &CompletionKeys,
    completions: &mut CompletionsById,
    sampler: &mut dyn Sampler,
) -> Result<usize, Failure> {
    let stream = slice.stream();
    let jobs: Vec<SampleJob<'_>> = wanted
        .iter()
        .map(|Wanted { rendered, indices }| {
            let sampled = completions.get(&rendered.instruction.id);
            let missing = indices
                .clone()
                .filter(|index| sampled.is_none_or(|sampled| !sampled.contains_key(index)));
            SampleJob {
                prompt: &rendered.prompt,
                prompt_ids: &rendered.token_ids,
                samples: missing
                    .map(|index| SampleId {
                        seed: context.seed,
                        stream: stream.clone(),
                        instruction_id: rendered.instruction.id.clone(),
                        index,
                    })
                    .collect(),
            }
        })
        .filter(|job| !job.samples.is_empty())
        .collect();
    let missing: usize = jobs.iter().map(|job| job.samples.len()).sum();
    let total = wanted.iter().map(|wanted| wanted.indices.len()).sum();
    if missing > 0 {
        let engine = context.precision.engine();
        let (store, judging) = (context.store, context.judging);
        engines::record(store, judging, EngineWork::Sampling, &engine)?;
    }

    context
        .judging
        .stage_started(stage, slice, total, total - missing);
    sampler.sample(&jobs, context.params, &mut |id, completion| {
        context.store.put_completion(slice, id, keys, &completion)?;
        context.judging.item_done(completion.token_ids.len());
        let of_one = completions.entry(id.instruction_id.clone()).or_default();
        of_one.insert(id.index, completion);
        Ok(())
    })?;
    context.judging.stage_ended();
    Ok(missing)
}

/// The completions of one instruction, in the order of their indices.
pub(super) fn take(
    completions: &mut CompletionsById,
    rendered: &Rendered<'_>,
    indices: Range<usize>,
) -> Result<Vec<Completion>, Failure> {
    let id = &rendered.instruction.id;
    let none = &mut BTreeMap::new();
    let sampled = completions.get_mut(id).unwrap_or(none);
    indices
        .map(|index| {
            sampled.remove(&index).ok_or_else(|| {
                let what = format!("the sampler did not write completion {index} of `{id}`");
                Failure::new(FailureKind::Bug, what)
            })
        })
        .collect()
}
