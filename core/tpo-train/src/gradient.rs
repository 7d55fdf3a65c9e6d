//! The loss of a batch and its gradient: forward, loss, backward, one micro-batch at a time.
//!
//! Every pair's derivative is divided by the size of the whole batch, so the gradient is the mean
//! over the batch for any micro-batch size.

use std::ops::Range;

use tpo_lm::decoder::{Checkpointing, Decoder, TrainingBuffers};
use tpo_lm::pack::{Pack, Sequence};
use tpo_types::{Side, TrainingPair};

use crate::TrainConfig;
use crate::loss::{PairLogProbs, PairLoss, dpo};

/// The log-probabilities and the loss of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairResult {
    /// Summed log-probabilities of the tokens in the loss.
    pub log_probs: PairLogProbs,
    /// Its loss.
    pub loss: PairLoss,
}

/// Adds the gradient of the batch's mean loss to `gradient`, which is laid out as
/// [`Decoder::trainable`]; one result per pair, in the order of the batch. (B)
pub fn accumulate(
    decoder: &Decoder<'_>,
    config: &TrainConfig,
    batch: &[&TrainingPair],
    buffers: &mut TrainingBuffers,
    gradient: &mut [f32],
) -> Vec<PairResult> {
    let checkpointing = if config.gradient_checkpointing {
        Checkpointing::On
    } else {
        Checkpointing::Off
    };
    let weight = 1.0 / batch.len() as f64;
    let mut results = Vec::with_capacity(batch.len());
    for range in micro_batches(decoder, config, batch.iter().copied()) {
        let pairs = &batch[range];
        let (pack, ranges) = pack(pairs);
        let tape = decoder.forward(&pack, checkpointing, buffers);
        let mut d_log_probs = vec![0.0; pack.num_scored()]; // (scored T)
        for (pair, range) in pairs.iter().zip(&ranges) {
            let log_probs = sum_pair(pair, range, tape.log_probs());
            let loss = dpo(&log_probs, config.beta, config.label_smoothing);
            broadcast_to_tokens(
                weight * loss.d_chosen,
                &pair.chosen,
                &mut d_log_probs[range.chosen.clone()],
            );
            broadcast_to_tokens(
                weight * loss.d_rejected,
                &pair.rejected,
                &mut d_log_probs[range.rejected.clone()],
            );
            results.push(PairResult { log_probs, loss });
        }
        decoder.backward(tape, &d_log_probs, gradient);
    }
    results
}

/// The pairs with the log-probabilities of `decoder` as their reference.
pub fn with_reference(
    decoder: &Decoder<'_>,
    config: &TrainConfig,
    pairs: &[TrainingPair],
) -> Vec<TrainingPair> {
    let mut scored = pairs.to_vec();
    for range in micro_batches(decoder, config, pairs) {
        let pairs = &mut scored[range];
        let (pack, ranges) = pack(&pairs.iter().collect::<Vec<_>>());
        let log_probs = decoder.log_probs(&pack);
        for (pair, range) in pairs.iter_mut().zip(ranges) {
            for (side, range) in [
                (&mut pair.chosen, range.chosen),
                (&mut pair.rejected, range.rejected),
            ] {
                side.reference_log_prob = sum_counted(side, &log_probs[range]);
            }
        }
    }
    scored
}

/// Cuts a batch into micro-batches.
fn micro_batches<'a>(
    decoder: &Decoder<'_>,
    config: &TrainConfig,
    batch: impl IntoIterator<Item = &'a TrainingPair>,
) -> Vec<Range<usize>> {
    let (mut ranges, mut last, mut tokens) = (Vec::new(), 0..0, 0);
    for pair in batch {
        last.end += 1;
        tokens += pair.num_tokens();
        let is_full = match config.micro_batch_size {
            Some(pairs) => last.len() == pairs,
            None => tokens >= decoder.worthwhile_tokens(),
        };
        if is_full {
            tokens = 0;
            let next = last.end..last.end;
            ranges.push(std::mem::replace(&mut last, next));
        }
    }
    if !last.is_empty() {
        ranges.push(last);
    }
    ranges
}

/// The ranges of a pair's completions in the scored tokens of a pack.
struct PairRanges {
    chosen: Range<usize>,
    rejected: Range<usize>,
}

/// Packs both sides of every pair, each after its prompt.
fn pack(pairs: &[&TrainingPair]) -> (Pack, Vec<PairRanges>) {
    let joined =
        |pair: &TrainingPair, side: &Side| [pair.prompt_ids.as_slice(), &side.token_ids].concat();
    let ids: Vec<_> = pairs
        .iter()
        .map(|pair| (joined(pair, &pair.chosen), joined(pair, &pair.rejected)))
        .collect();
    let sequences: Vec<_> = pairs
        .iter()
        .zip(&ids)
        .flat_map(|(pair, (chosen, rejected))| {
            [chosen, rejected].map(|ids| Sequence {
                ids,
                scored_from: pair.prompt_ids.len(),
            })
        })
        .collect();
    let pack = Pack::new(&sequences);
    let range = |index: usize| PairRanges {
        chosen: pack.scored(2 * index),
        rejected: pack.scored(2 * index + 1),
    };
    let ranges = (0..pairs.len()).map(range).collect();
    (pack, ranges)
}

fn sum_pair(pair: &TrainingPair, range: &PairRanges, log_probs: &[f32]) -> PairLogProbs {
    PairLogProbs {
        chosen: sum_counted(&pair.chosen, &log_probs[range.chosen.clone()]),
        rejected: sum_counted(&pair.rejected, &log_probs[range.rejected.clone()]),
        reference_chosen: pair.chosen.reference_log_prob,
        reference_rejected: pair.rejected.reference_log_prob,
    }
}

/// The summed log-probability of a side's tokens, without the forced ones. `log_probs` is (T of the
/// side).
fn sum_counted(side: &Side, log_probs: &[f32]) -> f64 {
    let counted = log_probs
        .iter()
        .zip(&side.loss_mask)
        .filter(|(_, counts)| **counts);
    counted.map(|(log_prob, _)| f64::from(*log_prob)).sum()
}

/// The derivative of a sum by each of its terms; forced tokens are not in the sum.
fn broadcast_to_tokens(derivative: f64, side: &Side, d_log_probs: &mut [f32]) {
    for (d_log_prob, counts) in d_log_probs.iter_mut().zip(&side.loss_mask) {
        *d_log_prob = if *counts { derivative as f32 } else { 0.0 };
    }
}
