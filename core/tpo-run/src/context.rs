//! What the stages work with.

use tpo_lm::precision::Precision;
use tpo_types::SamplingParams;

use crate::pipeline::{JudgeModels, Pipeline, ThoughtFormat};
use crate::plan::RunPlan;
use crate::progress::{Event, Observer, Stage};
use crate::slice::Slice;
use crate::store::Store;

/// Passed to the stages that runs and evaluations share: from rendering to judging.
pub(crate) struct Context<'a> {
    /// The random seed.
    pub seed: u64,
    /// How completions are sampled.
    pub params: &'a SamplingParams,
    /// The number format of sampling.
    pub precision: Precision,
    /// Renders instructions and splits completions.
    pub thought: &'a ThoughtFormat,
    /// What judging works with.
    pub judging: Judging<'a>,
    /// Where the stages record what they made.
    pub store: &'a Store,
    /// The store of another run, whose outputs are reused where they would be the same.
    pub reuse_from: Option<&'a Store>,
}

/// What judging works with.
#[derive(Clone, Copy)]
pub(crate) struct Judging<'a> {
    /// The models that judges may ask.
    pub models: &'a JudgeModels,
    /// Is told of the progress.
    pub observer: Observer<'a>,
}

/// Passed to the other stages of a run. It is the same from the start of a run to its end.
pub(crate) struct RunContext<'a> {
    /// The checked configuration and the instructions.
    pub plan: &'a RunPlan,
    /// The plugins, the sampler and the trainer.
    pub pipeline: &'a Pipeline,
    /// What every stage works with.
    pub stages: Context<'a>,
}

impl Judging<'_> {
    /// Reports that a stage begins with `done` of its `total` items already there.
    pub(crate) fn stage_started(&self, stage: Stage, slice: &Slice, total: usize, done: usize) {
        (self.observer)(&Event::StageStarted {
            stage,
            slice: slice.to_string(),
            total,
            done,
        });
    }

    /// Reports one more item of the running stage.
    pub(crate) fn item_done(&self, tokens: usize) {
        (self.observer)(&Event::ItemDone { tokens });
    }

    /// Reports the end of the running stage.
    pub(crate) fn stage_ended(&self) {
        (self.observer)(&Event::StageEnded);
    }

    /// Warns the user.
    pub(crate) fn warn(&self, text: &str) {
        (self.observer)(&Event::Warning(text));
    }
}
