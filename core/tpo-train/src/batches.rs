//! The batches of pairs, one per optimizer step.
//!
//! Every epoch has all pairs once, in an order that depends only on the seed and the epoch. The
//! last batch of an epoch may be smaller; no pair is dropped or repeated to fill it.

use tpo_lm::rng::Counter;
use tpo_types::TrainingPair;

/// The batches of all epochs, one after another. Each holds at most `batch_size` pairs. (B)
pub fn batches(
    pairs: &[TrainingPair],
    batch_size: usize,
    num_epochs: usize,
    seed: u64,
) -> impl Iterator<Item = Vec<&TrainingPair>> {
    (0..num_epochs).flat_map(move |epoch| {
        let order =
            Counter::new(seed, &format!("shuffle of epoch {epoch}")).permutation(pairs.len());
        let batches: Vec<Vec<_>> = order
            .chunks(batch_size)
            .map(|batch| batch.iter().map(|&index| &pairs[index]).collect())
            .collect();
        batches
    })
}

#[cfg(test)]
mod tests {
    use tpo_types::Side;

    use super::*;

    fn pairs(count: usize) -> Vec<TrainingPair> {
        let side = |token| Side {
            token_ids: vec![token],
            loss_mask: vec![true],
            reference_log_prob: 0.0,
        };
        let pair = |index: usize| TrainingPair {
            id: index.to_string(),
            prompt_ids: vec![1],
            chosen: side(2),
            rejected: side(3),
        };
        (0..count).map(pair).collect()
    }

    fn ids(pairs: &[TrainingPair], batch_size: usize, epochs: usize, seed: u64) -> Vec<Vec<&str>> {
        batches(pairs, batch_size, epochs, seed)
            .map(|batch| batch.into_iter().map(|pair| pair.id.as_str()).collect())
            .collect()
    }

    #[test]
    fn every_epoch_has_every_pair_once_and_the_last_batch_is_used() {
        let pairs = pairs(10);
        let batches = ids(&pairs, 4, 3, 7);
        assert_eq!(
            batches.iter().map(Vec::len).collect::<Vec<_>>(),
            [4, 4, 2, 4, 4, 2, 4, 4, 2]
        );
        for epoch in batches.chunks(3) {
            let mut seen = epoch.concat();
            seen.sort_unstable();
            assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        }
    }

    #[test]
    fn only_seed_and_epoch_decide_the_order() {
        let pairs = pairs(10);
        let order = |batch_size, epochs, seed| ids(&pairs, batch_size, epochs, seed).concat();
        assert_eq!(order(4, 2, 7), order(3, 2, 7));
        assert_eq!(order(4, 2, 7)[..10], order(4, 1, 7));
        assert_ne!(order(4, 2, 7)[..10], order(4, 2, 7)[10..]);
        assert_ne!(order(4, 1, 7), order(4, 1, 8));
    }
}
