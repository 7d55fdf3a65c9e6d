//! The data types of a run, and the traits of its stages.
//!
//! One subject per file, and the few helpers that several crates need ([`bounds`], [`digest`],
//! [`nearest`], [`rounding`], [`schema`], [`text`]). This crate opens no files and depends on
//! neither candle nor wasmtime: crates that must not depend on each other (the models and the
//! plugin host) share these types.

pub mod bounds;
mod candidate;
mod checkpoint;
mod completion;
pub mod digest;
mod failure;
mod instruction;
mod judgment;
mod metrics;
mod model;
pub mod nearest;
mod pair;
mod plugin;
mod prompt;
pub mod rounding;
mod rows;
mod sampling;
pub mod schema;
mod splitmix;
mod stages;
pub mod text;
mod training;

pub use candidate::{Candidate, ParseOutcome, Parts};
pub use checkpoint::Checkpoint;
pub use completion::{Completion, FinishReason};
pub use digest::Digest;
pub use failure::{Failure, FailureKind};
pub use instruction::{Instruction, Message, MessageRole};
pub use judgment::{Judgment, Preference, Score, ScoreRange, Scored, Strength, Verdict};
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
pub use splitmix::splitmix64;
pub use stages::{
    CandidateGroupView, CandidateStatus, CandidateView, Comparison, Judge, PairSelector,
    PairwiseJudge, RenderOutcome, RenderRequest, ResponseGroup, ResponseParser, Sampler,
    ThoughtTemplate, TrainObserver, TrainRequest, Trainer,
};
pub use training::{Side, TrainingPair};
