//! What a run says while it works. Who listens decides how it looks; the run itself prints nothing.

use crate::figures::{Evaluation, IterationFigures};

/// A stage that takes long enough to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Writing completions; counted in completions.
    Sample,
    /// Scoring responses; counted in responses.
    Judge,
    /// Training on pairs; counted in optimizer steps.
    Train,
}

impl Stage {
    /// The stage's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Judge => "judge",
            Self::Train => "train",
        }
    }
}

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stage begins; `done` of its `total` items are there from an earlier start.
    StageBegan {
        /// Which stage.
        stage: Stage,
        /// Which slice, for example `train-1`.
        slice: String,
        /// Items in all.
        total: usize,
        /// Items that need not be done again.
        done: usize,
    },
    /// One more item of the running stage is done; `tokens` were written or trained on for it.
    ItemDone {
        /// Tokens of the item.
        tokens: usize,
    },
    /// The running stage is over.
    StageEnded,
    /// The policy was measured on the validation instructions.
    Evaluated(&'a Evaluation),
    /// An iteration is over and its checkpoint is kept.
    IterationEnded(&'a IterationFigures),
}

/// Hears of everything that happens.
pub type Observer<'a> = &'a dyn Fn(&Event<'_>);
