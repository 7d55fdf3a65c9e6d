//! Sequence packing: sequences concatenated without padding, the input of the decoder.
//!
//! Every token keeps its position within its own sequence, and attention never crosses a boundary.
//! Neighbours with the same prompt have one copy of it: the two sides of a preference pair differ
//! only in the completion, and the prompt is often a third of all tokens.

use std::ops::Range;

/// One sequence of a pack.
#[derive(Debug, Clone, Copy)]
pub struct Sequence<'a> {
    /// Its tokens; every id is below the model's vocabulary size.
    pub ids: &'a [u32],
    /// Tokens from this index on are scored; those before are the prompt. The first token of a
    /// sequence is predicted by nothing and never scored, so 0 means the same as 1.
    pub scored_from: usize,
}

/// Concatenated sequences. `T` is the number of their tokens, with a prompt that neighbours share
/// counted once.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// Token ids. (T)
    ids: Vec<u32>,
    /// Position of each token within its sequence. (T)
    positions: Vec<u32>,
    /// Sequences that share a prompt, and sequences that share none.
    groups: Vec<Group>,
    /// For each scored token the row of the token before it, whose hidden state predicts it.
    predicting_rows: Vec<usize>,
    /// The scored tokens.
    targets: Vec<u32>,
    /// The first scored token of each sequence among all scored tokens, and the end of the last
    /// one's.
    scored_starts: Vec<usize>,
}

/// Rows that attend to nothing outside: a sequence, or several with the prompt that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// All its rows.
    pub rows: Range<usize>,
    /// The same, in their order, cut where one does not continue the other.
    pub stretches: Vec<Stretch>,
}

/// Neighbouring rows of one sequence. Each attends to the prompt, to itself and to the rows of the
/// stretch before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The rows of a prompt that the stretch continues; empty where it begins a sequence.
    pub prompt: Range<usize>,
    /// Its own rows.
    pub rows: Range<usize>,
}

impl<'a> Sequence<'a> {
    /// The tokens before the scored ones.
    fn prompt(&self) -> &'a [u32] {
        &self.ids[..self.scored_from.min(self.ids.len())]
    }
}

impl Pack {
    /// Concatenates sequences.
    pub fn new(sequences: &[Sequence<'_>]) -> Self {
        let mut pack = Self {
            scored_starts: vec![0],
            ..Self::default()
        };
        for neighbours in sequences.chunk_by(|a, b| a.prompt() == b.prompt()) {
            match neighbours {
                [first, _, ..] if !first.prompt().is_empty() => pack.add_group(neighbours),
                _ => neighbours.iter().for_each(|one| pack.add_sequence(one)),
            }
        }
        pack
    }

    fn add_sequence(&mut self, sequence: &Sequence<'_>) {
        let rows = self.add_rows(sequence.ids, 0);
        self.add_scored(sequence, |index| rows.start + index);
        self.groups.push(Group {
            rows: rows.clone(),
            stretches: vec![Stretch { prompt: 0..0, rows }],
        });
    }

    /// Adds sequences with the same prompt.
    fn add_group(&mut self, sequences: &[Sequence<'_>]) {
        let prompt_ids = sequences[0].prompt();
        let prompt = self.add_rows(prompt_ids, 0);
        let mut stretches = vec![Stretch {
            prompt: 0..0,
            rows: prompt.clone(),
        }];
        for sequence in sequences {
            let rows = self.add_rows(&sequence.ids[prompt.len()..], prompt.len());
            self.add_scored(sequence, |index| match index.checked_sub(prompt.len()) {
                None => prompt.start + index,
                Some(own) => rows.start + own,
            });
            stretches.push(Stretch {
                prompt: prompt.clone(),
                rows,
            });
        }
        self.groups.push(Group {
            rows: prompt.start..self.ids.len(),
            stretches,
        });
    }

    /// Adds tokens whose first one has a position.
    fn add_rows(&mut self, ids: &[u32], position: usize) -> Range<usize> {
        let start = self.ids.len();
        self.ids.extend_from_slice(ids);
        let positions = position as u32..(position + ids.len()) as u32;
        self.positions.extend(positions);
        start..self.ids.len()
    }

    /// Adds the scored tokens of a sequence, whose tokens are in the rows that `row` gives.
    fn add_scored(&mut self, sequence: &Sequence<'_>, row: impl Fn(usize) -> usize) {
        for index in sequence.scored_from.max(1)..sequence.ids.len() {
            self.predicting_rows.push(row(index - 1));
            self.targets.push(sequence.ids[index]);
        }
        self.scored_starts.push(self.targets.len());
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

    /// The range of a sequence's scored tokens in the log-probabilities of the pack.
    pub fn scored(&self, sequence: usize) -> Range<usize> {
        self.scored_starts[sequence]..self.scored_starts[sequence + 1]
    }

    /// The rows that attend to one another.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// For each scored token the row whose hidden state predicts it. Sequences that share a prompt
    /// have the row of its last token in common.
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
        let rows: Vec<_> = pack.groups().iter().map(|group| &group.rows).collect();
        assert_eq!(rows, [&(0..3), &(3..5)]);
        assert_eq!(pack.predicting_rows(), [1, 3]);
        assert_eq!(pack.targets(), [9, 5]);
        assert_eq!((pack.scored(0), pack.scored(1)), (0..1, 1..2));
    }

    #[test]
    fn neighbours_share_their_prompt() {
        let sequence = |ids| Sequence {
            ids,
            scored_from: 2,
        };
        let pack = Pack::new(&[
            sequence(&[7, 8, 9, 1]),
            sequence(&[7, 8]),
            sequence(&[7, 8, 3]),
            sequence(&[7, 6, 3]),
        ]);
        assert_eq!(pack.ids(), [7, 8, 9, 1, 3, 7, 6, 3]);
        assert_eq!(pack.positions(), [0, 1, 2, 3, 2, 0, 1, 2]);
        assert_eq!(pack.predicting_rows(), [1, 2, 1, 6]);
        assert_eq!(pack.targets(), [9, 1, 3, 3]);
        assert_eq!(pack.scored(1), 2..2);
        let stretch = |prompt, rows| Stretch { prompt, rows };
        let shared = [
            stretch(0..0, 0..2),
            stretch(0..2, 2..4),
            stretch(0..2, 4..4),
            stretch(0..2, 4..5),
        ];
        assert_eq!(pack.groups()[0].stretches, shared);
        assert_eq!(pack.groups()[1].stretches, [stretch(0..0, 5..8)]);
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
