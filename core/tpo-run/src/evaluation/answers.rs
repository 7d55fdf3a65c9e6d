//! A subject's responses to a set: read from the store, sampled, or taken from a file.

use tpo_types::{
    Candidate, Completion, Failure, FinishReason, Instruction, ParseOutcome, Parts, Prompt,
};

use super::Evaluation;
use super::opened::OpenedModel;
use super::plan::PlannedSet;
use super::recorded::RecordedResponses;
use super::subject::{Answers, Subject};
use crate::context::Context;
use crate::groups::{CandidateGroup, Rendered};
use crate::pipeline::open_local_sampler;
use crate::progress::Stage;
use crate::reuse::KeyHasher;
use crate::slice::{Pass, Slice};
use crate::stages;
use crate::store::StageOutput;

/// Digits of the digest of what answers.
const DIGITS: usize = 16;

/// The responses of a subject to a set.
pub(super) struct Answered<'a> {
    /// The subject.
    pub subject: &'a Subject,
    /// What was sampled.
    pub pass: Pass<'a>,
    /// One per instruction.
    pub groups: Vec<CandidateGroup<'a>>,
}

/// The responses of every subject to a set. A file of responses that answers another set is left
/// out.
pub(super) fn answered<'a>(
    evaluation: &Evaluation<'a>,
    set: &'a PlannedSet,
) -> Result<Vec<Answered<'a>>, Failure> {
    let mut all = Vec::new();
    let subjects = &evaluation.plan.subjects;
    for (subject, model) in subjects.iter().zip(&evaluation.opened.models) {
        let pass = Pass {
            slice: Slice::Evaluation {
                set: set.name.clone(),
                answers: identity_of(evaluation, subject, model.as_ref()),
            },
            instructions: &set.instructions,
            num_samples: set.num_samples,
            resample: evaluation.plan.resample(set),
        };
        let groups = match (&subject.answers, model) {
            (Answers::Recorded(recorded), _) => {
                if !set.is_answered_by(subject)? {
                    continue;
                }
                from_file(recorded, set)
            }
            (Answers::Sampled(sampled), Some(model)) => {
                let params = evaluation.plan.params(sampled.thought.max_tokens);
                let context = Context {
                    seed: evaluation.plan.config.seed,
                    params: &params,
                    precision: evaluation.plan.precision,
                    thought: &model.thought,
                    judging: evaluation.judging(),
                    store: &evaluation.store,
                    reuse_from: None,
                };
                sampled_answers(&context, &pass, model)?
            }
            (Answers::Sampled(_), None) => unreachable!("every model of a plan is opened"),
        };
        all.push(Answered {
            subject,
            pass,
            groups,
        });
    }
    Ok(all)
}

/// What answers, in one digest: completions are stored under it, so that a model may get another
/// name, or another thought prompt beside it, and keep them.
fn identity_of(
    evaluation: &Evaluation<'_>,
    subject: &Subject,
    model: Option<&OpenedModel>,
) -> String {
    let mut key = KeyHasher::default();
    match (&subject.answers, model) {
        (Answers::Sampled(sampled), Some(model)) => {
            key.add(&evaluation.plan.config.seed);
            key.add(&evaluation.plan.params(sampled.thought.max_tokens));
            key.add(&model.identity);
            for loaded in &model.thought.plugins {
                key.add(&loaded.plugin.sha256);
                key.add(&loaded.config);
            }
        }
        _ => key.add(&subject.name),
    }
    let mut digest = key.hex();
    digest.truncate(DIGITS);
    digest
}

/// Samples what is not stored. If nothing is missing, the model is not loaded.
fn sampled_answers<'a>(
    context: &Context<'_>,
    pass: &Pass<'a>,
    model: &OpenedModel,
) -> Result<Vec<CandidateGroup<'a>>, Failure> {
    let cache_key = answers_key(context, pass, model);
    let stored = context.store.stage_output(&pass.slice, Stage::Resample)?;
    if stored.is_some_and(|output| output.cache_key == cache_key) {
        return context
            .store
            .candidate_groups(&pass.slice, pass.instructions);
    }
    let mut sampler = open_local_sampler(&model.checkpoint, context.precision)?;
    let groups = stages::answer(context, pass, &model.identity, &mut *sampler)?;
    let output = StageOutput {
        cache_key,
        items: groups.iter().map(|group| group.candidates.len()).sum(),
        reused: 0,
        stats: "{}".to_owned(),
    };
    context
        .store
        .put_stage_output(&pass.slice, Stage::Resample, &output)?;
    Ok(groups)
}

/// The key of all that a model answered: what its completions depend on, before they are tokens,
/// and the parser.
fn answers_key(context: &Context<'_>, pass: &Pass<'_>, model: &OpenedModel) -> String {
    let mut key = KeyHasher::default();
    key.add(&context.precision.engine());
    key.add(env!("CARGO_PKG_VERSION"));
    key.add(&model.identity);
    for loaded in &model.thought.plugins {
        key.add(&loaded.plugin.sha256);
        key.add(&loaded.config);
    }
    key.add(context.params);
    key.add(&context.seed);
    key.add(&pass.slice.stream());
    key.add(&pass.num_samples);
    key.add(&pass.resample);
    key.add(pass.instructions);
    key.hex()
}

fn from_file<'a>(recorded: &RecordedResponses, set: &'a PlannedSet) -> Vec<CandidateGroup<'a>> {
    let group = |instruction: &'a Instruction| {
        let responses = recorded.of(instruction).into_iter().take(set.num_samples);
        CandidateGroup {
            rendered: Rendered {
                instruction,
                prompt: Prompt {
                    messages: instruction.messages.clone(),
                    prefill: None,
                    trained_prefill: None,
                    stop: Vec::new(),
                    response_marker: None,
                },
                token_ids: Vec::new(),
            },
            candidates: responses.map(recorded_candidate).collect(),
        }
    };
    set.instructions.iter().map(group).collect()
}

/// A response without tokens: how it was sampled is not known.
fn recorded_candidate(response: &str) -> Candidate {
    Candidate {
        completion: Completion {
            token_ids: Vec::new(),
            log_probs: Vec::new(),
            forced: Vec::new(),
            text: response.to_owned(),
            finish: FinishReason::Stop,
        },
        outcome: if response.trim().is_empty() {
            ParseOutcome::Malformed("the response is empty".to_owned())
        } else {
            ParseOutcome::Parsed(Parts {
                thought: None,
                response: response.to_owned(),
            })
        },
        thought_tokens: 0,
        response_tokens: 0,
        judgment: None,
    }
}
