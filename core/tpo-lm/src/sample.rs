//! Local sampling with continuous batching.
//!
//! Every prompt is prefilled once, and its completions share its keys and values. When a completion
//! ends, a waiting one takes its place in the batch. A completion is bit-identical in any batch:
//! its random numbers depend only on its id, and no number of a row depends on another row.

mod attend;
pub(crate) mod batch;
pub(crate) mod cache;
pub(crate) mod engine;
mod sample_token;
pub(crate) mod sequence_state;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::Arc;

use tpo_types::{
    Completion, Failure, FailureKind, Prompt, SampleId, SampleJob, Sampler, SamplingParams,
};

use self::batch::Batch;
use self::engine::Engine;
use crate::model::Model;
use crate::precision::Precision;

/// Samples from a model on the CPU.
#[derive(Debug)]
pub struct LocalSampler {
    engine: Engine,
}

impl LocalSampler {
    /// A sampler of a model. Copies the weights into packed matrices, with the adapter merged.
    /// Fails if this machine does not have the precision.
    pub fn new(model: Arc<Model>, precision: Precision) -> Result<Self, Failure> {
        precision.check()?;
        Ok(Self {
            engine: Engine::new(model, precision),
        })
    }

    /// Bytes of weights that are read for every token, or for every token of a batch at once.
    pub fn weight_bytes(&self) -> usize {
        self.engine.weight_bytes()
    }
}

impl Sampler for LocalSampler {
    fn encode(&self, prompt: &Prompt) -> Result<Vec<u32>, Failure> {
        self.engine
            .model()
            .text
            .encode_prompt(&prompt.messages, prompt.prefill.as_deref())
    }

    fn count_tokens(&self, text: &str) -> Result<usize, Failure> {
        self.engine.model().text.token_count(text)
    }

    fn sample(
        &mut self,
        jobs: &[SampleJob<'_>],
        params: &SamplingParams,
        sink: &mut dyn FnMut(&SampleId, Completion) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let model = Arc::clone(self.engine.model());
        for job in jobs {
            let id = job
                .samples
                .first()
                .map_or("?", |sample| &sample.instruction_id);
            let prompt = format!("the prompt of instruction `{id}`");
            check(&prompt, job, params, model.spec.max_positions)?;
        }
        let batch = Batch::new(&mut self.engine, &model, jobs, params, 0)?;
        let flow = batch.run(&mut |id, generated| match sink(id, generated.completion) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => ControlFlow::Break(failure),
        })?;
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(failure) => Err(failure),
        }
    }
}

/// Fails if a prompt leaves no room for a completion of `max_new_tokens`. `context` is the model's,
/// in tokens; messages call the prompt `prompt`.
pub(crate) fn check(
    prompt: &str,
    job: &SampleJob<'_>,
    params: &SamplingParams,
    context: usize,
) -> Result<(), Failure> {
    let (len, new) = (job.prompt_ids.len(), params.max_new_tokens);
    if new == 0 {
        return Err(
            Failure::new(FailureKind::Usage, "`max_new_tokens` is 0").hint("set it to 1 or more")
        );
    }
    if len == 0 {
        return Err(Failure::new(
            FailureKind::Input,
            format!("{prompt} has no token"),
        ));
    }
    if len + new <= context {
        return Ok(());
    }
    let what = format!(
        "{prompt} has {len} tokens; with `max_new_tokens` = {new} that \
         exceeds the model's context of {context}"
    );
    let hint = if new < context {
        format!(
            "remove the instruction, shorten its prompt to {} tokens or lower `max_new_tokens`",
            context - new
        )
    } else {
        format!("set `max_new_tokens` below {context}")
    };
    Err(Failure::new(FailureKind::Input, what).hint(hint))
}
