//! What a run reports while it works. The observer decides how it looks; the run itself prints
//! nothing.

use crate::metrics::{IterationMetrics, Measurement};

/// A stage that takes long enough to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Sampling; counted in completions.
    Sample,
    /// Sampling again where too few completions parsed; counted in completions.
    Resample,
    /// Judging; counted in responses.
    Judge,
    /// Comparing the responses of two models; counted in pairs of responses.
    Compare,
    /// Training on pairs; counted in optimizer steps.
    Train,
}

impl Stage {
    /// The stage's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Resample => "resample",
            Self::Judge => "judge",
            Self::Compare => "compare",
            Self::Train => "train",
        }
    }
}

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stage starts; `done` of its `total` items are already there.
    StageStarted {
        /// Which stage.
        stage: Stage,
        /// Which slice, for example `train-1`.
        slice: String,
        /// Items in all.
        total: usize,
        /// Items that need not be done again.
        done: usize,
    },
    /// One more item of the running stage is done.
    ItemDone {
        /// Tokens that were sampled or trained on for it.
        tokens: usize,
    },
    /// The running stage is done.
    StageEnded,
    /// Something that the user should know before believing the metrics.
    Warning(&'a str),
    /// A model was measured on a validation set.
    Measured(&'a Measurement),
    /// An iteration is done and its checkpoint is recorded.
    IterationEnded(&'a IterationMetrics),
}

/// Is called with every event.
pub type Observer<'a> = &'a dyn Fn(&Event<'_>);
