//! A model on this machine that judges may ask: it writes answers, or gives the hidden states that
//! reward heads read.
//!
//! Runs on the engine of [`crate::sample`], so an answer does not depend on what else is asked
//! beside it. Knows nothing of judges or of what is recorded.

mod embed;
mod identity;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tpo_types::{
    ChatReply, ChatRequest, Done, EmbedRequest, Failure, FailureKind, FinishReason, HiddenStates,
    LanguageModel, ModelError, Prompt, SampleId, SampleJob, SamplingParams, TensorData,
    TokenLogProb,
};

use crate::load::safetensors::Weights;
use crate::load::{Reader, load_reader};
use crate::policy::Policy;
use crate::sample;
use crate::sample::batch::Batch;
use crate::sample::draft::Written;
use crate::sample::engine::Engine;

pub use identity::identity;

/// A model in memory.
pub struct LocalModel {
    identity: String,
    policy: Arc<Policy>,
    engine: Mutex<Engine>,
    /// The other tensors of a model that has another head than that of a language model.
    head: Option<Weights>,
}

impl LocalModel {
    /// Loads the model at `path`: any that can be trained, or one for sequence classification.
    pub fn open(path: &Path, identity: String) -> Result<Self, Failure> {
        let (engine, policy, head) = match load_reader(path)? {
            Reader::Language(policy) => {
                let policy = Arc::new(policy);
                (Engine::new(Arc::clone(&policy)), policy, None)
            }
            Reader::Backbone(policy, weights) => {
                let policy = Arc::new(policy);
                (
                    Engine::without_head(Arc::clone(&policy)),
                    policy,
                    Some(weights),
                )
            }
        };
        Ok(Self {
            identity,
            policy,
            engine: Mutex::new(engine),
            head,
        })
    }

    /// Writes answers to requests that are sampled alike; `numbers` are their places among all.
    fn write(
        &self,
        requests: &[ChatRequest],
        numbers: &[usize],
        done: Done<'_>,
    ) -> ControlFlow<()> {
        let mut prompts = Vec::new();
        for &number in numbers {
            match self.prepare(number, &requests[number]) {
                Ok(prepared) => prompts.push(prepared),
                Err(error) => done(number, Err(error))?,
            }
        }
        let Some(first) = prompts.first().map(|prepared| &requests[prepared.number]) else {
            return ControlFlow::Continue(());
        };
        let (params, top) = (params(first), first.top_log_probs as usize);
        let jobs: Vec<SampleJob<'_>> = prompts.iter().map(Prepared::job).collect();
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut heard, mut wanted) = (vec![false; requests.len()], ControlFlow::Continue(()));
        let outcome =
            Batch::new(&mut engine, &self.policy, &jobs, &params, top).and_then(|batch| {
                batch.run(&mut |id, written| {
                    // Equal requests have equal answers, so it does not matter which of them this
                    // is.
                    let same = prompts
                        .iter()
                        .find(|prepared| prepared.id == *id && !heard[prepared.number]);
                    let prepared = same.expect("every job was asked for once");
                    heard[prepared.number] = true;
                    wanted = done(prepared.number, self.reply(prepared, written));
                    if wanted.is_break() {
                        Err(Failure::new(
                            FailureKind::Resources,
                            "no more answers are wanted",
                        ))
                    } else {
                        Ok(())
                    }
                })
            });
        wanted?;
        if let Err(failure) = outcome {
            let numbers = prompts.iter().map(|prepared| prepared.number);
            for number in numbers.filter(|number| !heard[*number]) {
                done(number, Err(ModelError::Failed(failure.to_string())))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn prepare(&self, number: usize, request: &ChatRequest) -> Result<Prepared, ModelError> {
        let invalid = |failure: Failure| ModelError::InvalidRequest(failure.to_string());
        let prompt = Prompt {
            messages: request.messages.clone(),
            prefill: request.prefill.clone(),
            trained_prefill: None,
            stop: request.stop.clone(),
            response_marker: None,
        };
        let ids = self
            .policy
            .text
            .encode_prompt(&prompt.messages, prompt.prefill.as_deref())
            .map_err(invalid)?;
        // What is drawn depends on the seed and the tokens, and not on what is asked beside it.
        let id = SampleId {
            seed: request.seed,
            slice: "chat".into(),
            instruction_id: text_of(&ids),
            index: 0,
        };
        let prepared = Prepared {
            number,
            prompt,
            ids,
            id,
        };
        sample::check(
            &prepared.job(),
            &params(request),
            self.policy.spec.max_positions,
        )
        .map_err(invalid)?;
        Ok(prepared)
    }

    fn reply(&self, prepared: &Prepared, written: Written) -> Result<ChatReply, ModelError> {
        let Written {
            completion,
            mut top_log_probs,
        } = written;
        let prefill = prepared.prompt.prefill.as_deref().unwrap_or_default();
        let ended_turn = completion
            .token_ids
            .last()
            .is_some_and(|id| self.policy.spec.eos_token_ids.contains(id));
        if ended_turn {
            top_log_probs.pop();
        }
        let token = |(id, log_prob): (u32, f32)| {
            let token = self.policy.text.decode(&[id], true)?;
            Ok(TokenLogProb {
                token,
                log_prob: f64::from(log_prob),
            })
        };
        let position = |tokens: Vec<(u32, f32)>| {
            tokens
                .into_iter()
                .map(token)
                .collect::<Result<_, Failure>>()
        };
        let top_log_probs: Result<_, Failure> = top_log_probs.into_iter().map(position).collect();
        Ok(ChatReply {
            text: completion
                .text
                .strip_prefix(prefill)
                .unwrap_or(&completion.text)
                .to_owned(),
            truncated: completion.finish == FinishReason::Length,
            top_log_probs: top_log_probs
                .map_err(|failure| ModelError::Failed(failure.to_string()))?,
            prompt_tokens: prepared.ids.len() as u32,
            completion_tokens: completion.token_ids.len() as u32,
        })
    }
}

/// A request as tokens.
struct Prepared {
    number: usize,
    prompt: Prompt,
    ids: Vec<u32>,
    id: SampleId,
}

impl Prepared {
    fn job(&self) -> SampleJob<'_> {
        SampleJob {
            prompt: &self.prompt,
            prompt_ids: &self.ids,
            samples: vec![self.id.clone()],
        }
    }
}

/// Names a request by its tokens.
fn text_of(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

fn params(request: &ChatRequest) -> SamplingParams {
    SamplingParams {
        temperature: request.temperature,
        top_p: 1.0,
        top_k: 0,
        max_new_tokens: request.max_new_tokens as usize,
        max_thought_tokens: None,
    }
}

impl LanguageModel for LocalModel {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn chat(&self, requests: &[ChatRequest], done: Done<'_>) {
        if self.head.is_some() {
            let why = || {
                Err(ModelError::InvalidRequest(
                    "the model scores texts and writes none".into(),
                ))
            };
            let _ = (0..requests.len()).try_for_each(|number| done(number, why()));
            return;
        }
        let alike = |request: &ChatRequest| {
            (
                request.temperature.to_bits(),
                request.max_new_tokens,
                request.top_log_probs,
            )
        };
        let mut numbers: Vec<usize> = (0..requests.len()).collect();
        numbers.sort_by_key(|number| alike(&requests[*number]));
        for same in numbers.chunk_by(|a, b| alike(&requests[*a]) == alike(&requests[*b])) {
            if self.write(requests, same, done).is_break() {
                return;
            }
        }
    }

    fn embed(&self, requests: &[EmbedRequest]) -> Vec<Result<HiddenStates, ModelError>> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        embed::embed(&mut engine, &self.policy, requests)
    }

    fn tensor(&self, name: &str) -> Result<TensorData, ModelError> {
        let at = self.policy.source.display();
        let invalid = |what: String| ModelError::InvalidRequest(what);
        let weights = self.head.as_ref().ok_or_else(|| {
            invalid(format!(
                "the model at `{at}` is a language model and has no reward head"
            ))
        })?;
        let shape = weights
            .shape(name)
            .ok_or_else(|| invalid(format!("the model at `{at}` has no tensor `{name}`")))?
            .to_vec();
        let mut values = vec![0.0; shape.iter().product()];
        let read = weights
            .require(name, &shape)
            .and_then(|()| weights.read(name, &mut values));
        read.map_err(|failure| ModelError::Failed(failure.to_string()))?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(invalid(format!(
                "value {at} of tensor `{name}` is not finite"
            )));
        }
        Ok(TensorData {
            shape: shape.into_iter().map(|size| size as u32).collect(),
            values,
        })
    }
}

#[cfg(test)]
mod tests;
