//! A local model for judges: chat completions, hidden states and tensors of reward heads.
//!
//! Runs on the engine of [`crate::sample`], so an answer does not depend on the other requests.

mod embed;
mod identity;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tpo_types::{
    ChatReply, ChatRequest, Done, EmbedRequest, Failure, FinishReason, HiddenStates, LanguageModel,
    ModelError, Prompt, SampleId, SampleJob, SamplingParams, TensorData, TokenLogProb,
};

use crate::load::safetensors::Weights;
use crate::load::{LoadedModel, load_for_inference};
use crate::model::Model;
use crate::precision::Precision;
use crate::sample;
use crate::sample::batch::Batch;
use crate::sample::engine::Engine;
use crate::sample::sequence_state::Generated;

pub use identity::identity;

/// A model in memory, with the engine that runs it.
pub struct LocalModel {
    identity: String,
    model: Arc<Model>,
    engine: Mutex<Engine>,
    /// The tensors of a reward model.
    reward_model: Option<Weights>,
}

impl LocalModel {
    /// Loads the model at `path`: a causal language model, or a reward model.
    pub fn open(path: &Path, identity: String) -> Result<Self, Failure> {
        let (engine, model, reward_model) = match load_for_inference(path)? {
            LoadedModel::CausalLm(model) => {
                let model = Arc::new(model);
                (Engine::new(Arc::clone(&model), Precision::F32), model, None)
            }
            LoadedModel::RewardModel(model, weights) => {
                let model = Arc::new(model);
                (
                    Engine::without_head(Arc::clone(&model)),
                    model,
                    Some(weights),
                )
            }
        };
        Ok(Self {
            identity,
            model,
            engine: Mutex::new(engine),
            reward_model,
        })
    }

    /// Answers requests with the same sampling parameters; `numbers` are their indices.
    fn answer(
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
        let mut answered = vec![false; requests.len()];
        let batch = Batch::new(&mut engine, &self.model, &jobs, &params, top);
        let outcome = batch.and_then(|batch| {
            batch.run(&mut |id, generated| {
                // Equal requests have equal answers, so it does not matter which of them this is.
                let same = prompts
                    .iter()
                    .find(|prepared| prepared.id == *id && !answered[prepared.number]);
                let prepared = same.expect("every job has one completion");
                answered[prepared.number] = true;
                done(prepared.number, self.reply(prepared, generated))
            })
        });
        let failure = match outcome {
            Ok(flow) => return flow,
            Err(failure) => failure.to_string(),
        };
        let numbers = prompts.iter().map(|prepared| prepared.number);
        for number in numbers.filter(|number| !answered[*number]) {
            done(number, Err(ModelError::Failed(failure.clone())))?;
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
            .model
            .text
            .encode_prompt(&prompt.messages, prompt.prefill.as_deref())
            .map_err(invalid)?;
        // The random numbers depend on the seed and the prompt's tokens, not on other requests.
        let id = SampleId {
            seed: request.seed,
            stream: "chat".into(),
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
            "the prompt of a request",
            &prepared.job(),
            &params(request),
            self.model.spec.max_positions,
        )
        .map_err(invalid)?;
        Ok(prepared)
    }

    fn reply(&self, prepared: &Prepared, generated: Generated) -> Result<ChatReply, ModelError> {
        let Generated {
            completion,
            mut top_log_probs,
        } = generated;
        let prefill = prepared.prompt.prefill.as_deref().unwrap_or_default();
        let ended_turn = completion
            .token_ids
            .last()
            .is_some_and(|id| self.model.spec.eos_token_ids.contains(id));
        if ended_turn {
            top_log_probs.pop();
        }
        let token = |(id, log_prob): (u32, f32)| {
            let token = self.model.text.decode(&[id], true)?;
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

/// A tokenized request.
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

/// The tokens as text, to identify a request.
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
        if self.reward_model.is_some() {
            let why = || {
                Err(ModelError::InvalidRequest(
                    "a reward model cannot chat".into(),
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
            if self.answer(requests, same, done).is_break() {
                return;
            }
        }
    }

    fn embed(&self, requests: &[EmbedRequest]) -> Vec<Result<HiddenStates, ModelError>> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        embed::embed(&mut engine, &self.model, requests)
    }

    fn tensor(&self, name: &str) -> Result<TensorData, ModelError> {
        let at = self.model.source.display();
        let invalid = |what: String| ModelError::InvalidRequest(what);
        let weights = self.reward_model.as_ref().ok_or_else(|| {
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
