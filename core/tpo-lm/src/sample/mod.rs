//! Sampling completions on this machine.
//!
//! Every prompt is read once and its keys and values are shared by its completions. What ends
//! leaves the batch and what waits enters, so the batch stays full. A completion is the same, bit
//! for bit, whatever is sampled beside it: its randomness is keyed by its own name, and no number
//! of a row is computed from another row's.

mod attend;
pub(crate) mod batch;
pub(crate) mod cache;
mod choose;
pub(crate) mod draft;
pub(crate) mod engine;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tpo_types::{
    Completion, Failure, FailureKind, Prompt, SampleId, SampleJob, Sampler, SamplingParams,
};

use self::batch::Batch;
use self::engine::Engine;
use crate::policy::Policy;

/// Samples from a policy on this machine's processors.
#[derive(Debug)]
pub struct LocalSampler {
    engine: Engine,
}

impl LocalSampler {
    /// A sampler of the policy as it is now: its weights are copied into the layout of sampling,
    /// with its adapter merged into them.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            engine: Engine::new(policy),
        }
    }
}

impl Sampler for LocalSampler {
    fn encode(&self, prompt: &Prompt) -> Result<Vec<u32>, Failure> {
        self.engine
            .policy()
            .text
            .encode_prompt(&prompt.messages, prompt.prefill.as_deref())
    }

    fn count_tokens(&self, text: &str) -> Result<usize, Failure> {
        self.engine.policy().text.token_count(text)
    }

    fn sample(
        &mut self,
        jobs: &[SampleJob<'_>],
        params: &SamplingParams,
        sink: &mut dyn FnMut(&SampleId, Completion) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let policy = Arc::clone(self.engine.policy());
        for job in jobs {
            check(job, params, policy.spec.max_positions)?;
        }
        Batch::new(&mut self.engine, &policy, jobs, params, 0)?
            .run(&mut |id, written| sink(id, written.completion))
    }
}

/// Refuses a prompt that cannot be completed.
pub(crate) fn check(
    job: &SampleJob<'_>,
    params: &SamplingParams,
    context: usize,
) -> Result<(), Failure> {
    let (len, new) = (job.prompt_ids.len(), params.max_new_tokens);
    let id = job
        .samples
        .first()
        .map_or("?", |sample| &sample.instruction_id);
    if new == 0 {
        return Err(
            Failure::new(FailureKind::Usage, "`max_new_tokens` is 0").hint("set it to 1 or more")
        );
    }
    if len == 0 {
        return Err(Failure::new(
            FailureKind::Input,
            format!("the prompt of instruction `{id}` has no token"),
        ));
    }
    if len + new <= context {
        return Ok(());
    }
    let what = format!(
        "the prompt of instruction `{id}` has {len} tokens; with `max_new_tokens` = {new} that is \
            more than the \
         model's context of {context}"
    );
    let hint = if new < context {
        format!(
            "remove the instruction, shorten it to {} tokens or set `max_new_tokens` lower",
            context - new
        )
    } else {
        format!("set `max_new_tokens` below {context}")
    };
    Err(Failure::new(FailureKind::Input, what).hint(hint))
}
