//! A pairwise judge's word on responses: every two, in both orders, reduced to scores.
//!
//! Knows the judge only as a trait; how preferences become strengths is the business of [`crate::bradley_terry`].

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tpo_types::{Failure, Instruction, Judgment, PairwiseJudge, Preference, Score, Scored};

use crate::bradley_terry::Votes;
use crate::scoring::{Asked, Duel, Judged};

/// Lets the judge compare every two responses to an instruction, in both orders.
pub(crate) fn judge(judge: &dyn PairwiseJudge, asked: &Asked<'_>) -> Result<Judged, Failure> {
    let mut shown = Vec::new();
    for (group, (_, responses)) in asked.iter().enumerate() {
        let all = 0..responses.len();
        shown.extend(all.clone().flat_map(|m| all.clone().filter(move |n| *n != m).map(move |n| (group, m, n))));
    }
    let compared: Vec<(&Instruction, &str, &str)> =
        shown.iter().map(|&(group, m, n)| (asked[group].0, asked[group].1[m], asked[group].1[n])).collect();
    let verdicts = judge.compare(&compared)?;
    let duels: Vec<Duel> = shown
        .into_iter()
        .zip(verdicts)
        .map(|((group, first, second), verdict)| Duel { group, first, second, verdict })
        .collect();

    let mut votes: Vec<Votes> = asked.iter().map(|(_, responses)| Votes::none(responses.len())).collect();
    let mut heard: Vec<Vec<bool>> = asked.iter().map(|(_, responses)| vec![false; responses.len()]).collect();
    for Duel { group, first, second, verdict } in &duels {
        votes[*group].add(*first, *second, &verdict.preference);
        if !matches!(verdict.preference, Preference::Unscored(_)) {
            heard[*group][*first] = true;
            heard[*group][*second] = true;
        }
    }
    let judgments = votes.iter().zip(&heard).map(|(votes, heard)| strengths_as_judgments(votes, heard)).collect();
    Ok(Judged { judgments, duels })
}

fn strengths_as_judgments(votes: &Votes, heard: &[bool]) -> Vec<Judgment> {
    let judged = votes.strengths().into_iter().zip(heard).map(|(strength, heard)| {
        let score = Score::new(strength).filter(|_| *heard)?;
        Some(Judgment::Scored(Scored { score, rationale: None, aspects: BTreeMap::new() }))
    });
    judged.map(|judgment| judgment.unwrap_or_else(|| Judgment::Unscored("no duel was decided".into()))).collect()
}

/// How far a pairwise judge agrees with itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DuelFigures {
    /// Comparisons in all.
    pub duels: usize,
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
    /// Counts comparisons.
    pub fn of(duels: &[Duel]) -> Self {
        let count =
            |wanted: fn(&Preference) -> bool| duels.iter().filter(|duel| wanted(&duel.verdict.preference)).count();
        let unscored = count(|preference| matches!(preference, Preference::Unscored(_)));
        let ties = count(|preference| *preference == Preference::Tie);
        let first = count(|preference| *preference == Preference::First);
        let second = count(|preference| *preference == Preference::Second);
        let verdicts: HashMap<(usize, usize, usize), &Preference> =
            duels.iter().map(|duel| ((duel.group, duel.first, duel.second), &duel.verdict.preference)).collect();
        let both = verdicts.iter().filter(|((_, m, n), _)| m < n).filter_map(|((group, m, n), one)| {
            let other = verdicts.get(&(*group, *n, *m))?;
            let unscored = [*one, *other].iter().any(|preference| matches!(preference, Preference::Unscored(_)));
            (!unscored).then(|| swapped(other) != **one)
        });
        let flips: Vec<bool> = both.collect();
        Self {
            duels: duels.len(),
            unscored,
            tie_rate: share(ties, duels.len() - unscored),
            first_rate: if first + second == 0 { 0.5 } else { share(first, first + second) },
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
    use tpo_types::Verdict;

    use super::*;

    /// Prefers what is shown first, but for equal texts.
    struct First;

    impl PairwiseJudge for First {
        fn compare(&self, duels: &[(&Instruction, &str, &str)]) -> Result<Vec<Verdict>, Failure> {
            let prefer = |(_, first, second): &(&Instruction, &str, &str)| match (first.is_empty(), first == second) {
                (true, _) => Preference::Unscored("empty".into()),
                (_, true) => Preference::Tie,
                _ => Preference::First,
            };
            Ok(duels.iter().map(|duel| Verdict { preference: prefer(duel), rationale: None }).collect())
        }
    }

    fn instruction() -> Instruction {
        Instruction { id: "i".into(), messages: Vec::new(), category: None, reference: None, metadata: BTreeMap::new() }
    }

    #[test]
    fn a_judge_that_leans_is_found_out() {
        let instruction = instruction();
        let judged = judge(&First, &[(&instruction, vec!["a", "b", "a", ""])]).expect("judgments");
        let figures = DuelFigures::of(&judged.duels);
        assert_eq!((figures.duels, figures.unscored), (12, 3));
        assert!((figures.tie_rate - 2.0 / 9.0).abs() < 1e-12);
        assert!((figures.first_rate - 1.0).abs() < 1e-12);
        // a-b and b-a disagree, twice; the two equal texts agree; pairs with the empty one have no two verdicts.
        assert!((figures.flip_rate - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(judged.judgments[0].len(), 4);
    }
}
