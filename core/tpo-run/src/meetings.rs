//! Two models' responses to the same instructions, brought before a judge that says which is
//! better.

use tpo_types::{Instruction, ResponseGroup};

use crate::metrics::{InstructionWin, mean};

/// The responses of two models to one instruction, in the order in which they were sampled. Those
/// that are missing to the number of samples are malformed.
#[derive(Debug, Clone)]
pub(crate) struct BothResponses<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// The responses of the model whose wins are counted.
    pub own: Vec<&'a str>,
    /// The responses of its opponent.
    pub other: Vec<&'a str>,
}

/// The comparisons to make, and the wins that need none.
pub(crate) struct Meetings<'a> {
    rows: &'a [BothResponses<'a>],
    /// Per row, what a malformed completion decides: it loses against any response without being
    /// shown to the judge.
    decided: Vec<Vec<f64>>,
    /// The rows of the comparisons.
    shown: Vec<usize>,
    groups: Vec<ResponseGroup<'a>>,
}

impl<'a> Meetings<'a> {
    /// Pairs sample with sample, `num_samples` per instruction.
    pub(crate) fn of(rows: &'a [BothResponses<'a>], num_samples: usize) -> Self {
        let mut meetings = Self {
            rows,
            decided: vec![Vec::new(); rows.len()],
            shown: Vec::new(),
            groups: Vec::new(),
        };
        for (row, both) in rows.iter().enumerate() {
            for sample in 0..num_samples {
                match (both.own.get(sample), both.other.get(sample)) {
                    (Some(own), Some(other)) => {
                        meetings.shown.push(row);
                        meetings.groups.push(ResponseGroup {
                            instruction: both.instruction,
                            responses: vec![*own, *other],
                        });
                    }
                    (Some(_), None) => meetings.decided[row].push(1.0),
                    (None, Some(_)) => meetings.decided[row].push(0.0),
                    (None, None) => meetings.decided[row].push(0.5),
                }
            }
        }
        meetings
    }

    /// What the judge is shown: two responses each, the model's own first.
    pub(crate) fn shown(&self) -> &[ResponseGroup<'a>] {
        &self.groups
    }

    /// The wins by instruction, from those of the first response of every group that was shown.
    pub(crate) fn wins(self, of_first: &[Option<f64>]) -> Vec<InstructionWin> {
        let mut wins = self.decided;
        for (row, win) in self.shown.iter().zip(of_first) {
            wins[*row].extend(win);
        }
        let rows = self.rows.iter().zip(wins);
        rows.map(|(row, wins)| InstructionWin {
            id: row.instruction.id.clone(),
            win: mean(wins.into_iter()),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_malformed_completion_loses_without_being_shown() {
        let instruction = |id: &str| Instruction {
            id: id.into(),
            messages: Vec::new(),
            category: None,
            reference: None,
            metadata: BTreeMap::new(),
        };
        let instructions = ["both", "own", "other", "none", "unscored"].map(instruction);
        let [both, own, other, none, unscored] = &instructions;
        let row = |instruction, own: &[&'static str], other: &[&'static str]| BothResponses {
            instruction,
            own: own.to_vec(),
            other: other.to_vec(),
        };
        let rows = [
            row(both, &["a", "b"], &["c", "d"]),
            row(own, &["a"], &[]),
            row(other, &[], &["c"]),
            row(none, &[], &[]),
            row(unscored, &["a", "b"], &["c", "d"]),
        ];
        let meetings = Meetings::of(&rows, 2);
        assert_eq!(meetings.shown().len(), 4);
        let wins = meetings.wins(&[Some(1.0), Some(0.5), None, None]);
        let told: Vec<Option<f64>> = wins.iter().map(|one| one.win).collect();
        assert_eq!(told, [Some(0.75), Some(0.75), Some(0.25), Some(0.5), None]);
    }
}
