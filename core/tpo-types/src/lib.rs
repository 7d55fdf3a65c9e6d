//! What flows through a run, and the traits of its stages.
//!
//! One noun per file. This crate does no IO and knows neither candle nor wasmtime: rooms that must
//! not know each other (the models and the plugin host) meet in these types.

pub mod bounds;
mod candidate;
mod checkpoint;
mod completion;
mod failure;
mod instruction;
mod judgment;
mod metrics;
mod model;
mod pair;
mod plugin;
mod prompt;
mod rows;
mod sampling;
mod stages;
mod training;

pub use candidate::{Candidate, ParseOutcome, Parts};
pub use checkpoint::Checkpoint;
pub use completion::{Completion, FinishReason};
pub use failure::{Failure, FailureKind};
pub use instruction::{Instruction, Message, MessageRole};
pub use judgment::{Judgment, Preference, Score, Scored, Strength, Verdict};
pub use metrics::StepMetrics;
pub use model::{
    BoundModel, ChatReply, ChatRequest, Done, EmbedRequest, HiddenStates, LanguageModel,
    ModelError, ModelOutcome, ModelRequest, ModelService, ReplyMark, TensorData, TokenLogProb,
};
pub use pair::{PreferencePair, Selected, Selection};
pub use plugin::{PluginIdentity, PluginRole};
pub use prompt::Prompt;
pub use rows::{RowFields, RowProblem, parse_rows};
pub use sampling::{SampleId, SampleJob, SamplingParams};
pub use stages::{
    CandidateGroupView, CandidateStatus, CandidateView, Comparison, Judge, PairSelector,
    PairwiseJudge, RenderOutcome, RenderRequest, ResponseGroup, ResponseParser, Sampler,
    ThoughtTemplate, Trainer,
};
pub use training::{Side, TrainingPair};
