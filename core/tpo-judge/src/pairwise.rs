//! Scoring with a judge that compares two responses: a tournament of comparisons in both orders,
//! reduced to scores.

mod bradley_terry;
mod tournament;

use std::collections::BTreeMap;

use tpo_types::{Comparison, Failure, Judgment, PairwiseJudge, ResponseGroup, Score, Scored};

use self::tournament::TournamentState;
use crate::scoring::{ComparisonOutcome, JudgeOutput, Scoring};

pub use self::tournament::Tournament;

/// Compares responses to the same instruction, round by round, and turns preferences into scores
/// by Bradley-Terry.
pub struct Pairwise {
    judge: Box<dyn PairwiseJudge>,
    tournament: Tournament,
}

impl Pairwise {
    /// Scoring with `judge`, which makes the comparisons of `tournament`.
    pub fn new(judge: impl PairwiseJudge + 'static, tournament: Tournament) -> Self {
        Self {
            judge: Box::new(judge),
            tournament,
        }
    }
}

/// A comparison to make: a group and two of its responses.
struct Pairing {
    group: usize,
    first: usize,
    second: usize,
}

impl Scoring for Pairwise {
    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<JudgeOutput, Failure> {
        let mut states: Vec<TournamentState> = groups
            .iter()
            .map(|group| TournamentState::of(group.responses.len(), self.tournament))
            .collect();
        let mut outcomes = Vec::new();
        loop {
            let round = next_round(&mut states);
            if round.is_empty() {
                break;
            }
            let comparisons: Vec<Comparison<'_>> = round
                .iter()
                .map(|pairing| Comparison {
                    instruction: groups[pairing.group].instruction,
                    first: groups[pairing.group].responses[pairing.first],
                    second: groups[pairing.group].responses[pairing.second],
                })
                .collect();
            let verdicts = self.judge.compare(&comparisons)?;
            for (pairing, verdict) in round.into_iter().zip(verdicts) {
                let Pairing {
                    group,
                    first,
                    second,
                } = pairing;
                states[group].record(first, second, &verdict.preference);
                outcomes.push(ComparisonOutcome {
                    group,
                    first,
                    second,
                    verdict,
                });
            }
        }
        Ok(JudgeOutput {
            judgments: states
                .iter()
                .map(|state| state.strengths().into_iter().map(judgment).collect())
                .collect(),
            comparisons: outcomes,
            skipped: states.iter().map(TournamentState::skipped).sum(),
            inter_judge: Vec::new(),
        })
    }
}

/// The next round of every group, so that the judge sees them in one batch.
fn next_round(states: &mut [TournamentState]) -> Vec<Pairing> {
    let mut round = Vec::new();
    for (group, state) in states.iter_mut().enumerate() {
        for (first, second) in state.next_round() {
            round.push(Pairing {
                group,
                first,
                second,
            });
        }
    }
    round
}

fn judgment(strength: Result<f64, String>) -> Judgment {
    match strength.map(Score::new) {
        Ok(Some(score)) => Judgment::Scored(Scored {
            score,
            rationale: None,
            aspects: BTreeMap::new(),
        }),
        Ok(None) => Judgment::Unscored("the strength is not finite".into()),
        Err(reason) => Judgment::Unscored(reason),
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::{Instruction, Preference, Verdict};

    use super::*;
    use crate::scoring::ComparisonMetrics;

    /// Prefers what is shown first; ties on equal texts.
    struct First;

    impl PairwiseJudge for First {
        fn compare(&self, comparisons: &[Comparison<'_>]) -> Result<Vec<Verdict>, Failure> {
            let prefer = |Comparison { first, second, .. }: &Comparison<'_>| match (
                first.is_empty(),
                first == second,
            ) {
                (true, _) => Preference::Unscored("empty".into()),
                (_, true) => Preference::Tie,
                _ => Preference::First,
            };
            Ok(comparisons
                .iter()
                .map(|comparison| prefer(comparison).into())
                .collect())
        }
    }

    fn instruction() -> Instruction {
        Instruction {
            id: "i".into(),
            messages: Vec::new(),
            category: None,
            reference: None,
            metadata: BTreeMap::new(),
        }
    }

    #[test]
    fn position_bias_is_measured() {
        let instruction = instruction();
        let output = Pairwise::new(First, Tournament::Full)
            .score(&[ResponseGroup {
                instruction: &instruction,
                responses: vec!["a", "b", "a", ""],
            }])
            .expect("judgments");
        let metrics = ComparisonMetrics::of(&output.comparisons, output.skipped);
        assert_eq!((metrics.count, metrics.unscored), (12, 3));
        assert!((metrics.tie_rate - 2.0 / 9.0).abs() < 1e-12);
        assert!((metrics.first_win_rate - 1.0).abs() < 1e-12);
        // a-b and b-a disagree, twice; the two equal texts agree; pairs with the empty one have no
        // two verdicts.
        assert!((metrics.inconsistent_rate - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(output.judgments[0].len(), 4);
    }
}
