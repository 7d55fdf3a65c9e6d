//! Sequence packing: sequences concatenated without padding, the input of the decoder.
//!
//! Every token keeps its position within its own sequence, and attention never crosses a boundary.

use std::ops::Range;

/// One sequence of a pack.
#[derive(Debug, Clone, Copy)]
pub struct Sequence<'a> {
    /// Its tokens; every id is below the model's vocabulary size.
    pub ids: &'a [u32],
    /// Tokens from this index on are scored. The first token of a sequence is predicted by nothing
    /// and never scored, so 0 means the same as 1.
    pub scored_from: usize,
}

/// Concatenated sequences. `T` is their total number of tokens.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// Token ids. (T)
    ids: Vec<u32>,
    /// Position of each token within its sequence. (T)
    positions: Vec<u32>,
    /// The first row of each sequence, and the end of the last one.
    starts: Vec<usize>,
    /// For each scored token the row of the token before it, whose hidden state predicts it.
    predicting_rows: Vec<usize>,
    /// The scored tokens.
    targets: Vec<u32>,
    /// The first scored token of each sequence among all scored tokens, and the end of the last
    /// one's.
    scored_starts: Vec<usize>,
}

impl Pack {
    /// Concatenates sequences.
    pub fn new(sequences: &[Sequence<'_>]) -> Self {
        let mut pack = Self {
            starts: vec![0],
            scored_starts: vec![0],
            ..Self::default()
        };
        for sequence in sequences {
            let start = pack.ids.len();
            pack.ids.extend_from_slice(sequence.ids);
            pack.positions.extend(0..sequence.ids.len() as u32);
            for index in sequence.scored_from.max(1)..sequence.ids.len() {
                pack.predicting_rows.push(start + index - 1);
                pack.targets.push(sequence.ids[index]);
            }
            pack.starts.push(pack.ids.len());
            pack.scored_starts.push(pack.targets.len());
        }
        pack
    }

    /// Token ids. (T)
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Position of each token within its sequence. (T)
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// Number of tokens: `T`.
    pub fn num_tokens(&self) -> usize {
        self.ids.len()
    }

    /// Number of scored tokens.
    pub fn num_scored(&self) -> usize {
        self.targets.len()
    }

    /// The rows of each sequence.
    pub fn sequences(&self) -> impl ExactSizeIterator<Item = Range<usize>> {
        self.starts.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// The range of a sequence's scored tokens in the log-probabilities of the pack.
    pub fn scored(&self, sequence: usize) -> Range<usize> {
        self.scored_starts[sequence]..self.scored_starts[sequence + 1]
    }

    /// For each scored token the row whose hidden state predicts it.
    pub(crate) fn predicting_rows(&self) -> &[usize] {
        &self.predicting_rows
    }

    /// The scored tokens.
    pub(crate) fn targets(&self) -> &[u32] {
        &self.targets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_restart_and_targets_follow_their_rows() {
        let pack = Pack::new(&[
            Sequence {
                ids: &[7, 8, 9],
                scored_from: 2,
            },
            Sequence {
                ids: &[4, 5],
                scored_from: 0,
            },
        ]);
        assert_eq!(pack.positions(), [0, 1, 2, 0, 1]);
        assert_eq!(pack.sequences().collect::<Vec<_>>(), [0..3, 3..5]);
        assert_eq!(pack.predicting_rows(), [1, 3]);
        assert_eq!(pack.targets(), [9, 5]);
        assert_eq!((pack.scored(0), pack.scored(1)), (0..1, 1..2));
    }

    #[test]
    fn nothing_is_scored_past_the_end() {
        let pack = Pack::new(&[
            Sequence {
                ids: &[7],
                scored_from: 0,
            },
            Sequence {
                ids: &[],
                scored_from: 9,
            },
        ]);
        assert_eq!((pack.num_tokens(), pack.num_scored()), (1, 0));
    }
}
