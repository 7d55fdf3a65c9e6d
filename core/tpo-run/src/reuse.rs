//! What need not be made again.
//!
//! The completions and the judgments of a slice are stored with a cache key: a digest of everything
//! that they depend on. Completions depend on the policy, on the prompts as tokens, on how they are
//! sampled and on the engine; judgments on the judge's code, configuration and models and on the
//! responses. Where the key is the same, in this run after an interruption or in the run named by
//! `--from`, the outputs are reused. So a changed selector samples and judges nothing, and a
//! changed judge samples nothing. Rendering and parsing are cheap and are always done: a changed
//! plugin that gives the same outputs changes nothing.

use serde::Serialize;
use tpo_judge::{JudgeConfig, JudgeMetrics};
use tpo_types::digest::Hasher;
use tpo_types::{Failure, ResponseGroup};

use crate::context::Context;
use crate::groups::Rendered;
use crate::pipeline::RunJudge;
use crate::plan::RunPlan;
use crate::policy::Policy;
use crate::progress::Stage;
use crate::slice::Slice;
use crate::store::{CompletionsById, JudgmentsById, from_json, to_json};

/// The judgments of a slice that need not be made again.
#[derive(Debug)]
pub(crate) struct CachedJudgments {
    /// One per response.
    pub judgments: JudgmentsById,
    /// How consistent the judges were.
    pub metrics: JudgeMetrics,
}

/// The key of the completions of a slice.
pub(crate) fn completions_key(
    plan: &RunPlan,
    slice: &Slice,
    policy: &Policy,
    prompts: &[Rendered<'_>],
) -> String {
    let mut key = KeyHasher::default();
    key.add(&tpo_lm::NUMERICS);
    key.add(&policy.identity);
    key.add(&plan.params);
    key.add(&plan.config.seed);
    key.add(&plan.num_samples(slice));
    key.add(&slice.to_string());
    for rendered in prompts {
        key.add(&rendered.instruction.id);
        key.add(&rendered.prompt);
        key.add(&rendered.token_ids);
    }
    key.hex()
}

/// The key of the judgments of some responses.
pub(crate) fn judgments_key(
    context: &Context<'_>,
    judge: &RunJudge,
    responses: &[ResponseGroup<'_>],
) -> String {
    // How many unscored responses are tolerated changes no judgment.
    let config = JudgeConfig {
        max_unscored: 1.0,
        ..judge.config.clone()
    };
    let mut key = KeyHasher::default();
    key.add(&config);
    key.add(&context.pipeline.models);
    for loaded in &judge.plugins {
        key.add(&loaded.plugin.sha256);
    }
    for group in responses {
        key.add(group.instruction);
        key.add(&group.responses);
    }
    key.hex()
}

/// The completions of a slice that are there already. Those of another run are copied into this
/// one's store.
pub(crate) fn cached_completions(
    context: &Context<'_>,
    slice: &Slice,
    cache_key: &str,
) -> Result<CompletionsById, Failure> {
    let own = context.store.completions(slice)?;
    let Some(other) = context.reuse_from.filter(|_| own.is_empty()) else {
        return Ok(own);
    };
    let output = other.stage_output(slice, Stage::Sample)?;
    if output.is_none_or(|output| output.cache_key != cache_key) {
        return Ok(own);
    }
    let completions = other.completions(slice)?;
    context.store.put_completions(slice, &completions)?;
    Ok(completions)
}

/// The judgments of a slice, if they are there already, of this run or the other one. The
/// comparisons behind another run's are copied into this one's store.
pub(crate) fn cached_judgments(
    context: &Context<'_>,
    slice: &Slice,
    cache_key: &str,
) -> Result<Option<CachedJudgments>, Failure> {
    for source in [Some(context.store), context.reuse_from]
        .into_iter()
        .flatten()
    {
        let output = source.stage_output(slice, Stage::Judge)?;
        let Some(output) = output.filter(|output| output.cache_key == cache_key) else {
            continue;
        };
        if !std::ptr::eq(source, context.store) {
            context.store.copy_preferences(slice, source)?;
        }
        return Ok(Some(CachedJudgments {
            judgments: source.judgments(slice)?,
            metrics: from_json("the metrics of the judge", &output.stats)?,
        }));
    }
    Ok(None)
}

/// Computes a cache key from several values.
#[derive(Default)]
struct KeyHasher(Hasher);

impl KeyHasher {
    fn add(&mut self, value: &(impl Serialize + ?Sized)) {
        self.0.update_part(to_json(value));
    }

    fn hex(self) -> String {
        self.0.finish().hex()
    }
}
