//! What need not be made again.
//!
//! Completions and judgments are stored with a cache key: a digest of everything that they depend
//! on. Completions depend on the policy, on the prompt as tokens, on how they are sampled and on
//! the engine; judgments on the judge's code, configuration and models and on the responses. Where
//! the key is the same, after an interruption or in the run named by `--from`, the outputs are
//! reused; completions one by one, the judgments of a slice all together. So a changed selector
//! samples and judges nothing, and a changed judge samples nothing. Rendering and parsing are cheap
//! and are always done: a changed plugin that gives the same outputs changes nothing.

use serde::Serialize;
use tpo_judge::{JudgeConfig, JudgeMetrics};
use tpo_types::digest::Hasher;
use tpo_types::{Failure, ResponseGroup};

use crate::context::Context;
use crate::groups::Rendered;
use crate::pipeline::{JudgeModels, RunJudge};
use crate::progress::Stage;
use crate::slice::Slice;
use crate::store::{CompletionKeys, CompletionsById, JudgmentsById, from_json, to_json};

/// The judgments of a slice that need not be made again.
#[derive(Debug)]
pub(crate) struct CachedJudgments {
    /// One per response.
    pub judgments: JudgmentsById,
    /// How consistent the judges were.
    pub metrics: JudgeMetrics,
}

/// The key of each instruction's completions, sampled with the model of that identity.
pub(crate) fn completion_keys<'a>(
    context: &Context<'_>,
    slice: &Slice,
    model: &str,
    prompts: impl IntoIterator<Item = &'a Rendered<'a>>,
) -> CompletionKeys {
    let (stream, engine) = (slice.stream(), context.precision.engine());
    let key_of = |rendered: &Rendered<'_>| {
        let mut key = KeyHasher::default();
        key.add(&engine);
        key.add(model);
        key.add(context.params);
        key.add(&context.seed);
        key.add(&stream);
        key.add(&rendered.instruction.id);
        key.add(&rendered.prompt);
        key.add(&rendered.token_ids);
        key.hex()
    };
    let keys = prompts.into_iter();
    keys.map(|rendered| (rendered.instruction.id.clone(), key_of(rendered)))
        .collect()
}

/// The key of all completions of a slice.
pub(crate) fn key_of_all(keys: &CompletionKeys) -> String {
    let mut sorted: Vec<&String> = keys.values().collect();
    sorted.sort();
    let mut key = KeyHasher::default();
    key.add(&sorted);
    key.hex()
}

/// The key of the judgments of some responses.
pub(crate) fn judgments_key(
    models: &JudgeModels,
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
    key.add(&models.bound);
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
/// one's store, and those that depend on other settings are removed from it.
pub(crate) fn cached_completions(
    context: &Context<'_>,
    slice: &Slice,
    keys: &CompletionKeys,
) -> Result<CompletionsById, Failure> {
    let removed = context.store.remove_outdated(slice, keys)?;
    if removed > 0 {
        context.judging.warn(&format!(
            "{removed} instructions of {slice} are sampled again: their completions were sampled \
             with another model, prompt or setting, or by another version of tpo"
        ));
    }
    let mut own = context.store.completions(slice, keys)?;
    if let Some(other) = context.reuse_from {
        let mut others = other.completions(slice, keys)?;
        for (id, of_one) in &mut others {
            of_one.retain(|index, _| !own.get(id).is_some_and(|own| own.contains_key(index)));
        }
        context.store.put_completions(slice, keys, &others)?;
        for (id, of_one) in others {
            own.entry(id).or_default().extend(of_one);
        }
    }
    Ok(own)
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
pub(crate) struct KeyHasher(Hasher);

impl KeyHasher {
    /// Adds a value.
    pub(crate) fn add(&mut self, value: &(impl Serialize + ?Sized)) {
        self.0.update_part(to_json(value));
    }

    /// The key.
    pub(crate) fn hex(self) -> String {
        self.0.finish().hex()
    }
}
