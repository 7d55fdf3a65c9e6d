//! What scoring returns: judgments, and the comparisons and agreement behind them.

use std::cmp::Ordering;

use tpo_types::{Judgment, Preference};

use super::agreement::InterJudgeAgreement;
use super::comparison::{ComparisonMetrics, ComparisonOutcome};
use super::metrics::JudgeMetrics;

/// Scores that differ by a smaller fraction are equal.
const ROUNDING: f64 = 1e-9;

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

    /// For every group of two: 1 if the first response is better, 0 if the second is, one half if
    /// neither is or the judge contradicts itself; none if it gave no verdict in one of the orders.
    ///
    /// A response that was compared in both orders wins if it wins both (the rule of the paper's
    /// evaluation). Scores of a panel are equal if they differ by rounding only.
    pub fn wins_of_first(&self) -> Vec<Option<f64>> {
        let mut verdicts: Vec<Vec<&ComparisonOutcome>> = vec![Vec::new(); self.judgments.len()];
        for comparison in &self.comparisons {
            verdicts[comparison.group].push(comparison);
        }
        verdicts
            .iter()
            .enumerate()
            .map(|(group, verdicts)| match verdicts.as_slice() {
                [one, other] if one.first != other.first => in_both_orders(one, other),
                _ => self.win_by_score(group),
            })
            .collect()
    }

    fn win_by_score(&self, group: usize) -> Option<f64> {
        let [Judgment::Scored(first), Judgment::Scored(second)] = self.judgments[group].as_slice()
        else {
            return None;
        };
        let (first, second) = (first.score.get(), second.score.get());
        Some(
            if (first - second).abs() <= ROUNDING * first.abs().max(second.abs()) {
                0.5
            } else if first > second {
                1.0
            } else {
                0.0
            },
        )
    }

    /// Which response of a group of two has the higher score; none if either is unscored.
    pub(crate) fn preferred(&self, group: usize) -> Option<Preference> {
        let [Judgment::Scored(first), Judgment::Scored(second)] = self.judgments[group].as_slice()
        else {
            return None;
        };
        Some(match first.score.compare(second.score) {
            Ordering::Greater => Preference::First,
            Ordering::Less => Preference::Second,
            Ordering::Equal => Preference::Tie,
        })
    }
}

/// The win of response 0 over response 1 by the verdicts of both orders.
fn in_both_orders(one: &ComparisonOutcome, other: &ComparisonOutcome) -> Option<f64> {
    let won = |comparison: &ComparisonOutcome| match comparison.verdict.preference {
        Preference::First => Some(comparison.first == 0),
        Preference::Second => Some(comparison.first != 0),
        Preference::Tie | Preference::Unscored(_) => None,
    };
    let is_unscored = |comparison: &ComparisonOutcome| {
        matches!(comparison.verdict.preference, Preference::Unscored(_))
    };
    if is_unscored(one) || is_unscored(other) {
        return None;
    }
    Some(match (won(one), won(other)) {
        (Some(true), Some(true)) => 1.0,
        (Some(false), Some(false)) => 0.0,
        _ => 0.5,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The win by the preferences of both orders.
    fn win(shown_first: Preference, shown_second: Preference) -> Option<f64> {
        let outcome = |first, second, preference: Preference| ComparisonOutcome {
            group: 0,
            first,
            second,
            verdict: preference.into(),
        };
        let output = JudgeOutput {
            judgments: vec![Vec::new()],
            comparisons: vec![outcome(0, 1, shown_first), outcome(1, 0, shown_second)],
            ..JudgeOutput::default()
        };
        output.wins_of_first()[0]
    }

    #[test]
    fn a_response_wins_only_if_it_wins_in_both_orders() {
        use Preference::{First, Second, Tie, Unscored};
        assert_eq!(win(First, Second), Some(1.0));
        assert_eq!(win(Second, First), Some(0.0));
        assert_eq!(win(First, First), Some(0.5));
        assert_eq!(win(First, Tie), Some(0.5));
        assert_eq!(win(Tie, Tie), Some(0.5));
        assert_eq!(win(First, Unscored("no verdict".into())), None);
    }
}
