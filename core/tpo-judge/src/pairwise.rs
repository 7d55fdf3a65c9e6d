//! Scoring with a judge that compares two responses: a tournament of comparisons in both orders,
//! reduced to scores.

mod adaptive;
mod bradley_terry;
mod matchup;
mod tournament;

use tpo_types::{Comparison, Failure, PairwiseJudge, ResponseGroup};

use self::matchup::Matchup;
use self::tournament::TournamentState;
use crate::scoring::{ComparisonOutcome, JudgeOutput, ScoreScale, Scoring};

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

/// A comparison to make.
struct GroupMatchup {
    group: usize,
    matchup: Matchup,
}

impl Scoring for Pairwise {
    fn scale(&self) -> ScoreScale {
        ScoreScale::WithinGroup
    }

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
                .map(|GroupMatchup { group, matchup }| Comparison {
                    instruction: groups[*group].instruction,
                    first: groups[*group].responses[matchup.first],
                    second: groups[*group].responses[matchup.second],
                })
                .collect();
            let verdicts = self.judge.compare(&comparisons)?;
            for (GroupMatchup { group, matchup }, verdict) in round.into_iter().zip(verdicts) {
                states[group].record(matchup, &verdict.preference);
                outcomes.push(ComparisonOutcome {
                    group,
                    first: matchup.first,
                    second: matchup.second,
                    verdict,
                });
            }
        }
        Ok(JudgeOutput {
            judgments: states.iter().map(TournamentState::judgments).collect(),
            comparisons: outcomes,
            skipped: states.iter().map(TournamentState::skipped).sum(),
            inter_judge: Vec::new(),
        })
    }
}

/// The next round of every group, so that the judge sees them in one batch.
fn next_round(states: &mut [TournamentState]) -> Vec<GroupMatchup> {
    let mut round = Vec::new();
    for (group, state) in states.iter_mut().enumerate() {
        for matchup in state.next_round() {
            round.push(GroupMatchup { group, matchup });
        }
    }
    round
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        assert!((metrics.prefers_first - 1.0).abs() < 1e-12);
        // a-b and b-a disagree, twice; the two equal texts agree; matchups with the empty one have
        // no two verdicts.
        assert!((metrics.inconsistent_rate - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(output.judgments[0].len(), 4);
    }
}
