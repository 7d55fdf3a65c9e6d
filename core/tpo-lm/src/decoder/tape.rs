//! A forward pass with what its backward pass reads, in memory that is kept from step to step.

use super::Checkpointing;
use crate::backbone::Normed;
use crate::block::vjp::Backward;
use crate::block::{Activations, Scratch};
use crate::kernels::rope::Rotary;
use crate::log_prob::LogProbs;
use crate::pack::Pack;

/// Memory of a training step. Give the same one to every step: fresh memory costs a third of the
/// time of a step.
#[derive(Debug, Default)]
pub struct TrainingBuffers {
    /// Each block's input, and the last block's output. (T, D)
    pub(super) inputs: Vec<Vec<f32>>,
    /// Each block's activations; with [`Checkpointing::On`] those of one block.
    pub(super) saved: Vec<Activations>,
    pub(super) scratch: Scratch,
    pub(super) head: HeadBuffers,
    /// The derivative by a block's output. (T, D)
    pub(super) d_x: Vec<f32>,
    pub(super) backward: Backward,
}

/// The output head's part.
#[derive(Debug, Default)]
pub(super) struct HeadBuffers {
    /// The last block's output in the rows that predict a scored token. (scored, D)
    pub predicting: Vec<f32>,
    /// The same after the final norm.
    pub normed: Normed,
    pub log_probs: LogProbs,
    pub logits: Vec<f32>,       // (some rows, V)
    pub d_normed: Vec<f32>,     // (scored, D)
    pub d_predicting: Vec<f32>, // (scored, D)
}

/// A forward pass and what its backward pass needs.
#[derive(Debug)]
pub struct Tape<'p> {
    pub(super) pack: &'p Pack,
    pub(super) rotary: Rotary,
    pub(super) checkpointing: Checkpointing,
    pub(super) buffers: &'p mut TrainingBuffers,
}

impl Tape<'_> {
    /// The log-probability of each scored token, in the order of the pack.
    pub fn log_probs(&self) -> &[f32] {
        &self.buffers.head.log_probs.values
    }
}

impl TrainingBuffers {
    /// Makes a place for each block's input and activations.
    pub(super) fn prepare(&mut self, layers: usize, checkpointing: Checkpointing) {
        self.inputs.resize_with(layers + 1, Vec::new);
        let last = layers.saturating_sub(1);
        self.saved
            .resize_with(checkpointing.place(last) + 1, Activations::default);
    }
}

impl Checkpointing {
    /// Where the activations of a block are kept.
    pub(super) fn place(self, block: usize) -> usize {
        match self {
            Self::Off => block,
            Self::On => 0,
        }
    }
}
