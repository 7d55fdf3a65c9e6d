//! The stages of an iteration, as traits.
//!
//! Every stage returns one outcome per item, in the order of the items. A [`Failure`] means that
//! the stage as a whole cannot continue; a problem with a single item is the outcome of that item.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::{
    Checkpoint, Completion, Failure, Instruction, Judgment, ParseOutcome, Parts, Prompt, SampleId,
    SampleJob, SamplingParams, ScoreRange, Selected, StepMetrics, TrainingPair, Verdict,
};

/// An instruction to render.
#[derive(Debug, Clone, Copy)]
pub struct RenderRequest<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// Tokens after which the sampler ends the thought; none if it is unlimited.
    pub thought_budget: Option<u32>,
}

/// How an instruction was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderOutcome {
    /// The input of the model.
    Prompt(Prompt),
    /// The template cannot render the instruction; a short reason.
    Unrendered(String),
}

/// Renders instructions with a thought prompt.
pub trait ThoughtTemplate {
    /// One outcome per request.
    fn render(&self, requests: &[RenderRequest<'_>]) -> Result<Vec<RenderOutcome>, Failure>;
}

/// Samples completions from the policy it was opened on.
pub trait Sampler {
    /// Tokenizes a prompt: chat template, generation prompt, prefill. A trained prefill
    /// becomes tokens in [`Self::sample`], as the beginning of the completion.
    fn encode(&self, prompt: &Prompt) -> Result<Vec<u32>, Failure>;

    /// Counts the tokens of a text, for reports and length control, never for training.
    fn count_tokens(&self, text: &str) -> Result<usize, Failure>;

    /// Samples every requested completion and passes each to `sink` as soon as it ends. Fails
    /// before sampling anything if a prompt leaves no room in the model's context for
    /// `max_new_tokens`.
    fn sample(
        &mut self,
        jobs: &[SampleJob<'_>],
        params: &SamplingParams,
        sink: &mut dyn FnMut(&SampleId, Completion) -> Result<(), Failure>,
    ) -> Result<(), Failure>;
}

/// Splits completions into thought and response.
pub trait ResponseParser {
    /// One outcome per completion.
    fn parse(&self, completions: &[&Completion]) -> Result<Vec<ParseOutcome>, Failure>;
}

/// An instruction and the responses to it. There is no field for a thought.
#[derive(Debug, Clone)]
pub struct ResponseGroup<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// The responses to it.
    pub responses: Vec<&'a str>,
}

/// Scores responses. Its input has no thoughts.
pub trait Judge {
    /// The lowest and the highest score that it can give, if it says so.
    fn score_range(&self) -> Option<ScoreRange> {
        None
    }

    /// One judgment per response of every group.
    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure>;
}

/// Two responses to one instruction, in the order in which the judge sees them.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// The response shown first.
    pub first: &'a str,
    /// The response shown second.
    pub second: &'a str,
}

/// Compares two responses, in the given order.
pub trait PairwiseJudge {
    /// One verdict per comparison.
    fn compare(&self, comparisons: &[Comparison<'_>]) -> Result<Vec<Verdict>, Failure>;
}

/// Whether a candidate has a score.
#[derive(Debug, Clone, PartialEq)]
pub enum CandidateStatus<'a> {
    /// The judge's score.
    Scored(f64),
    /// Why the judge could not score it.
    Unscored(&'a str),
    /// Why the completion did not parse.
    Malformed(&'a str),
}

/// What a selector sees of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateView<'a> {
    /// Its score, or why it has none.
    pub status: CandidateStatus<'a>,
    /// The thought; none if the completion did not parse or has none.
    pub thought: Option<&'a str>,
    /// The response; the whole completion if it did not parse.
    pub response: &'a str,
    /// Tokens of the thought.
    pub thought_tokens: u32,
    /// Tokens of the response.
    pub response_tokens: u32,
}

/// What a selector sees of the candidates of one instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateGroupView<'a> {
    /// The instruction's id.
    pub instruction_id: &'a str,
    /// In sampling order. `K` long.
    pub candidates: Vec<CandidateView<'a>>,
}

/// Chooses which candidates are trained on as pairs.
pub trait PairSelector {
    /// One selection per group. Called once with all groups of an iteration.
    fn select(&self, groups: &[CandidateGroupView<'_>]) -> Result<Selected, Failure>;
}

/// A training to run.
#[derive(Debug, Clone, Copy)]
pub struct TrainRequest<'a> {
    /// The policy to start from.
    pub policy: &'a Checkpoint,
    /// The pairs to train on.
    pub pairs: &'a [TrainingPair],
    /// Whether the trainer computes the reference log-probabilities of the pairs itself, because
    /// they were sampled with other numbers than it trains with.
    pub recompute_reference: bool,
    /// The optimizer steps after which a checkpoint is written, from 1. The last step is one of
    /// them.
    pub checkpoint_steps: &'a BTreeSet<usize>,
}

/// Is told how a training goes, and decides where its checkpoints are written and when it ends.
pub trait TrainObserver {
    /// Called after every optimizer step.
    fn step_done(&mut self, metrics: &StepMetrics) -> Result<(), Failure>;

    /// The empty directory for the next checkpoint.
    fn checkpoint_directory(&mut self) -> Result<PathBuf, Failure>;

    /// Called when the checkpoint after `step` is complete. Training ends on
    /// [`ControlFlow::Break`].
    fn checkpoint_written(&mut self, step: usize) -> Result<ControlFlow<()>, Failure>;
}

/// Trains a policy on pairs.
pub trait Trainer {
    /// Trains a copy of the policy and writes complete checkpoints of it.
    fn train(
        &self,
        request: &TrainRequest<'_>,
        observer: &mut dyn TrainObserver,
    ) -> Result<(), Failure>;
}

impl<'a> CandidateView<'a> {
    /// What a selector sees of `candidate`.
    pub fn of(candidate: &'a crate::Candidate) -> Self {
        let status = match (&candidate.outcome, &candidate.judgment) {
            (ParseOutcome::Malformed(reason), _) => CandidateStatus::Malformed(reason),
            (ParseOutcome::Parsed(_), Some(Judgment::Scored(scored))) => {
                CandidateStatus::Scored(scored.score.get())
            }
            (ParseOutcome::Parsed(_), Some(Judgment::Unscored(reason))) => {
                CandidateStatus::Unscored(reason)
            }
            (ParseOutcome::Parsed(_), None) => CandidateStatus::Unscored("not judged"),
        };
        let (thought, response) = match &candidate.outcome {
            ParseOutcome::Parsed(Parts { thought, response }) => {
                (thought.as_deref(), response.as_str())
            }
            ParseOutcome::Malformed(_) => (None, candidate.completion.text.as_str()),
        };
        Self {
            status,
            thought,
            response,
            thought_tokens: candidate.thought_tokens,
            response_tokens: candidate.response_tokens,
        }
    }
}
