//! A pairwise judge's word on responses: two at a time, in both orders, reduced to scores.
//!
//! Knows the judge only as a trait; whom to compare is the business of [`crate::tournament`], how
//! preferences become strengths that of [`crate::bradley_terry`].

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tpo_types::{Comparison, Failure, Judgment, PairwiseJudge, Preference, Score, Scored};

use crate::scoring::{Asked, Duel, Judged};
use crate::tournament::{Table, Tournament};

/// Lets the judge compare responses to the same instruction, in both orders, round by round.
pub(crate) fn judge(
    judge: &dyn PairwiseJudge,
    tournament: Tournament,
    asked: &Asked<'_>,
) -> Result<Judged, Failure> {
    let mut tables: Vec<Table> = asked
        .iter()
        .map(|group| Table::of(group.responses.len(), tournament))
        .collect();
    let mut duels = Vec::new();
    loop {
        let mut shown = Vec::new();
        for (group, table) in tables.iter_mut().enumerate() {
            shown.extend(
                table
                    .next_round()
                    .into_iter()
                    .map(|(first, second)| (group, first, second)),
            );
        }
        if shown.is_empty() {
            break;
        }
        let compared: Vec<Comparison<'_>> = shown
            .iter()
            .map(|&(group, m, n)| Comparison {
                instruction: asked[group].instruction,
                first: asked[group].responses[m],
                second: asked[group].responses[n],
            })
            .collect();
        for ((group, first, second), verdict) in shown.into_iter().zip(judge.compare(&compared)?) {
            tables[group].record(first, second, &verdict.preference);
            duels.push(Duel {
                group,
                first,
                second,
                verdict,
            });
        }
    }
    let judgments = tables
        .iter()
        .map(|table| table.strengths().into_iter().map(judgment).collect())
        .collect();
    let saved = tables.iter().map(Table::saved).sum();
    Ok(Judged {
        judgments,
        duels,
        saved,
        agreement: Vec::new(),
    })
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

/// How far a pairwise judge agrees with itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DuelFigures {
    /// Comparisons in all.
    pub duels: usize,
    /// Comparisons that an adaptive tournament did not need.
    #[serde(default)]
    pub saved: usize,
    /// Comparisons without a verdict.
    pub unscored: usize,
    /// Of those with a verdict, the share that are ties.
    pub tie_rate: f64,
    /// Of those that one side won, the share won by the response shown first; 0.5 without a lean.
    pub first_rate: f64,
    /// Of two responses with a verdict in both orders, the share where the orders disagree.
    pub flip_rate: f64,
}

impl DuelFigures {
    /// Counts comparisons, `saved` having been left out.
    pub fn of(duels: &[Duel], saved: usize) -> Self {
        let count = |wanted: fn(&Preference) -> bool| {
            duels
                .iter()
                .filter(|duel| wanted(&duel.verdict.preference))
                .count()
        };
        let unscored = count(|preference| matches!(preference, Preference::Unscored(_)));
        let ties = count(|preference| *preference == Preference::Tie);
        let first = count(|preference| *preference == Preference::First);
        let second = count(|preference| *preference == Preference::Second);
        let verdicts: HashMap<(usize, usize, usize), &Preference> = duels
            .iter()
            .map(|duel| {
                (
                    (duel.group, duel.first, duel.second),
                    &duel.verdict.preference,
                )
            })
            .collect();
        let both =
            verdicts
                .iter()
                .filter(|((_, m, n), _)| m < n)
                .filter_map(|((group, m, n), one)| {
                    let other = verdicts.get(&(*group, *n, *m))?;
                    let unscored = [*one, *other]
                        .iter()
                        .any(|preference| matches!(preference, Preference::Unscored(_)));
                    (!unscored).then(|| swapped(other) != **one)
                });
        let flips: Vec<bool> = both.collect();
        Self {
            duels: duels.len(),
            saved,
            unscored,
            tie_rate: share(ties, duels.len() - unscored),
            first_rate: if first + second == 0 {
                0.5
            } else {
                share(first, first + second)
            },
            flip_rate: share(flips.iter().filter(|flip| **flip).count(), flips.len()),
        }
    }
}

fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// The same preference with the responses shown in the other order.
pub(crate) fn swapped(preference: &Preference) -> Preference {
    match preference {
        Preference::First => Preference::Second,
        Preference::Second => Preference::First,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::{Instruction, ResponseGroup, Verdict};

    use super::*;

    /// Prefers what is shown first, but for equal texts.
    struct First;

    impl PairwiseJudge for First {
        fn compare(&self, duels: &[Comparison<'_>]) -> Result<Vec<Verdict>, Failure> {
            let prefer = |Comparison { first, second, .. }: &Comparison<'_>| match (
                first.is_empty(),
                first == second,
            ) {
                (true, _) => Preference::Unscored("empty".into()),
                (_, true) => Preference::Tie,
                _ => Preference::First,
            };
            Ok(duels
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
    fn a_judge_that_leans_is_found_out() {
        let instruction = instruction();
        let judged = judge(
            &First,
            Tournament::Full,
            &[ResponseGroup {
                instruction: &instruction,
                responses: vec!["a", "b", "a", ""],
            }],
        )
        .expect("judgments");
        let figures = DuelFigures::of(&judged.duels, judged.saved);
        assert_eq!((figures.duels, figures.unscored), (12, 3));
        assert!((figures.tie_rate - 2.0 / 9.0).abs() < 1e-12);
        assert!((figures.first_rate - 1.0).abs() < 1e-12);
        // a-b and b-a disagree, twice; the two equal texts agree; pairs with the empty one have no
        // two verdicts.
        assert!((figures.flip_rate - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(judged.judgments[0].len(), 4);
    }
}
