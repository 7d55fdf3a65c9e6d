//! What scoring returns: judgments, and the comparisons and agreement behind them.

use std::cmp::Ordering;

use tpo_types::{Judgment, Preference};

use super::agreement::InterJudgeAgreement;
use super::comparison::{ComparisonMetrics, ComparisonOutcome};
use super::metrics::JudgeMetrics;

/// Judgments of groups of responses.
#[derive(Debug, Default)]
pub struct JudgeOutput {
    /// One judgment per response of each group.
    pub judgments: Vec<Vec<Judgment>>,
    /// The comparisons that pairwise judges made.
    pub comparisons: Vec<ComparisonOutcome>,
    /// Comparisons that an adaptive tournament skipped.
    pub skipped: usize,
    /// The agreement of every two judges of a panel.
    pub inter_judge: Vec<InterJudgeAgreement>,
}

impl JudgeOutput {
    /// Appends the output for the groups that follow these.
    pub(crate) fn append(&mut self, later: Self) {
        let offset = self.judgments.len();
        self.judgments.extend(later.judgments);
        self.skipped += later.skipped;
        self.comparisons
            .extend(
                later
                    .comparisons
                    .into_iter()
                    .map(|comparison| ComparisonOutcome {
                        group: comparison.group + offset,
                        ..comparison
                    }),
            );
        if self.inter_judge.is_empty() {
            self.inter_judge = later.inter_judge;
        } else {
            for (agreement, later) in self.inter_judge.iter_mut().zip(later.inter_judge) {
                agreement.tally.merge(later.tally);
            }
        }
    }

    /// How consistent the judges were.
    pub fn metrics(&self) -> JudgeMetrics {
        JudgeMetrics {
            comparisons: (!self.comparisons.is_empty())
                .then(|| ComparisonMetrics::of(&self.comparisons, self.skipped)),
            inter_judge: self
                .inter_judge
                .iter()
                .map(InterJudgeAgreement::metrics)
                .collect(),
        }
    }

    /// Which response of a group of two has the higher score; none if either is unscored.
    pub(crate) fn preferred(&self, group: usize) -> Option<Preference> {
        let [Judgment::Scored(first), Judgment::Scored(second)] = self.judgments[group].as_slice()
        else {
            return None;
        };
        Some(match first.score.get().total_cmp(&second.score.get()) {
            Ordering::Greater => Preference::First,
            Ordering::Less => Preference::Second,
            Ordering::Equal => Preference::Tie,
        })
    }
}
