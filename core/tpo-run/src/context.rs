//! What every stage of a run works with.

use crate::pipeline::Pipeline;
use crate::plan::RunPlan;
use crate::progress::{Event, Observer, Stage};
use crate::slice::Slice;
use crate::store::Store;

/// Passed to every stage. It is the same from the start of a run to its end.
pub(crate) struct Context<'a> {
    /// The checked configuration and the instructions.
    pub plan: &'a RunPlan,
    /// The plugins, the sampler and the trainer.
    pub pipeline: &'a Pipeline,
    /// Where the stages record what they made.
    pub store: &'a Store,
    /// The store of another run, whose outputs are reused where they would be the same.
    pub reuse_from: Option<&'a Store>,
    /// Is told of the progress.
    pub observer: Observer<'a>,
}

impl Context<'_> {
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
}
