//! Two models' responses to the same instructions, brought before a judge that says which is
//! better.

use tpo_judge::{ComparisonOutcome, JudgeOutput};
use tpo_types::{Instruction, ResponseGroup};

use crate::metrics::{BothVerdicts, ComparedSample, InstructionWin, mean};

/// The responses of two models to one instruction, one per completion that was asked for; none if
/// it is malformed.
#[derive(Debug, Clone)]
pub(crate) struct BothResponses<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// The responses of the model whose wins are counted.
    pub own: Vec<Option<&'a str>>,
    /// The responses of its opponent.
    pub other: Vec<Option<&'a str>>,
}

/// The comparisons to make, and what is decided without one.
pub(crate) struct Meetings<'a> {
    /// One per completion that was asked for, instruction after instruction. A malformed
    /// completion loses against any response without being shown to the judge.
    samples: Vec<ComparedSample>,
    /// Which of them the judge is shown.
    shown: Vec<usize>,
    groups: Vec<ResponseGroup<'a>>,
}

impl<'a> Meetings<'a> {
    /// Pairs sample with sample.
    pub(crate) fn of(rows: &[BothResponses<'a>]) -> Self {
        let mut meetings = Self {
            samples: Vec::new(),
            shown: Vec::new(),
            groups: Vec::new(),
        };
        for both in rows {
            for (index, (own, other)) in both.own.iter().zip(&both.other).enumerate() {
                let win = match (own, other) {
                    (Some(own), Some(other)) => {
                        meetings.shown.push(meetings.samples.len());
                        meetings.groups.push(ResponseGroup {
                            instruction: both.instruction,
                            responses: vec![*own, *other],
                        });
                        None
                    }
                    (Some(_), None) => Some(1.0),
                    (None, Some(_)) => Some(0.0),
                    (None, None) => Some(0.5),
                };
                meetings.samples.push(ComparedSample {
                    id: both.instruction.id.clone(),
                    index,
                    win,
                    verdicts: None,
                });
            }
        }
        meetings
    }

    /// What the judge is shown: two responses each, the model's own first.
    pub(crate) fn shown(&self) -> &[ResponseGroup<'a>] {
        &self.groups
    }

    /// The samples with what the judge made of those that it was shown.
    pub(crate) fn judged(mut self, output: &JudgeOutput) -> Vec<ComparedSample> {
        let mut verdicts: Vec<Vec<&ComparisonOutcome>> = vec![Vec::new(); self.shown.len()];
        for comparison in &output.comparisons {
            verdicts[comparison.group].push(comparison);
        }
        let wins = output.wins_of_first().into_iter();
        for ((position, win), verdicts) in self.shown.iter().zip(wins).zip(verdicts) {
            let sample = &mut self.samples[*position];
            sample.win = win;
            sample.verdicts = both_orders(&verdicts);
        }
        self.samples
    }
}

fn both_orders(verdicts: &[&ComparisonOutcome]) -> Option<BothVerdicts> {
    let [one, other] = verdicts else {
        return None;
    };
    let (own, other) = match (one.first, other.first) {
        (0, 1) => (one, other),
        (1, 0) => (other, one),
        _ => return None,
    };
    Some(BothVerdicts {
        own_first: own.verdict.clone(),
        other_first: other.verdict.clone(),
    })
}

/// The wins of each instruction, from its compared samples, in the same order.
pub(crate) fn wins(samples: &[ComparedSample]) -> Vec<InstructionWin> {
    let of_one = samples.chunk_by(|one, next| one.id == next.id);
    of_one
        .map(|samples| InstructionWin {
            id: samples[0].id.clone(),
            win: mean(samples.iter().filter_map(|sample| sample.win)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tpo_types::Preference;

    use super::*;
    use crate::groups::replaced;

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
            own: replaced(own.iter().map(|one| Some(*one)), 2),
            other: replaced(other.iter().map(|one| Some(*one)), 2),
        };
        let rows = [
            row(both, &["a", "b"], &["c", "d"]),
            row(own, &["a"], &[]),
            row(other, &[], &["c"]),
            row(none, &[], &[]),
            row(unscored, &["a", "b"], &["c", "d"]),
        ];
        let meetings = Meetings::of(&rows);
        assert_eq!(meetings.shown().len(), 4);
        let outcome = |group, first, preference: Preference| ComparisonOutcome {
            group,
            first,
            second: 1 - first,
            verdict: preference.into(),
        };
        // Won in both orders, and contradicted; then two without a verdict in both orders.
        let output = JudgeOutput {
            judgments: vec![Vec::new(); 4],
            comparisons: vec![
                outcome(0, 0, Preference::First),
                outcome(0, 1, Preference::Second),
                outcome(1, 0, Preference::First),
                outcome(1, 1, Preference::First),
            ],
            ..JudgeOutput::default()
        };
        let samples = meetings.judged(&output);
        assert_eq!(
            samples.iter().filter(|one| one.verdicts.is_some()).count(),
            2
        );
        let told: Vec<Option<f64>> = wins(&samples).iter().map(|one| one.win).collect();
        assert_eq!(told, [Some(0.75), Some(0.75), Some(0.25), Some(0.5), None]);
    }
}
