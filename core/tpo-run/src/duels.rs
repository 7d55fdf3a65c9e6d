//! A pairwise judge's word on the candidates of a slice: every two, in both orders, reduced to scores.
//!
//! Knows the judge only as a trait; how preferences become strengths is the business of [`crate::bradley_terry`].

use std::collections::BTreeMap;

use tpo_types::{CandidateGroup, Failure, Instruction, Judgment, PairwiseJudge, Preference, Score, Scored, Verdict};

use crate::bradley_terry::Votes;
use crate::run::Run;
use crate::slice::Slice;

impl Run<'_> {
    /// Lets the judge compare every two of the responses `asked` about, in both orders, records its preferences, and gives
    /// a judgment per response.
    pub(crate) fn compare(
        &self,
        slice: Slice,
        groups: &[CandidateGroup],
        asked: &[(&Instruction, Vec<&str>)],
        judge: &dyn PairwiseJudge,
    ) -> Result<Vec<Vec<Judgment>>, Failure> {
        let mut shown = Vec::new();
        for (group, (_, responses)) in asked.iter().enumerate() {
            let all = 0..responses.len();
            shown.extend(all.clone().flat_map(|m| all.clone().filter(move |n| *n != m).map(move |n| (group, m, n))));
        }
        let duels: Vec<(&Instruction, &str, &str)> =
            shown.iter().map(|&(group, m, n)| (asked[group].0, asked[group].1[m], asked[group].1[n])).collect();
        let verdicts = judge.compare(&duels)?;

        let samples: Vec<Vec<usize>> = groups.iter().map(parsed).collect();
        let rows: Vec<(&str, usize, usize, &Verdict)> = shown
            .iter()
            .zip(&verdicts)
            .map(|(&(group, m, n), verdict)| {
                (asked[group].0.id.as_str(), samples[group][m], samples[group][n], verdict)
            })
            .collect();
        self.store.put_preferences(slice, &rows)?;

        let mut votes: Vec<Votes> = asked.iter().map(|(_, responses)| Votes::none(responses.len())).collect();
        let mut heard: Vec<Vec<bool>> = asked.iter().map(|(_, responses)| vec![false; responses.len()]).collect();
        for (&(group, m, n), verdict) in shown.iter().zip(&verdicts) {
            votes[group].add(m, n, &verdict.preference);
            if !matches!(verdict.preference, Preference::Unscored(_)) {
                heard[group][m] = true;
                heard[group][n] = true;
            }
        }
        Ok(votes.iter().zip(&heard).map(|(votes, heard)| strengths_as_judgments(votes, heard)).collect())
    }
}

/// Which of a group's candidates have a response.
fn parsed(group: &CandidateGroup) -> Vec<usize> {
    let candidates = group.candidates.iter().enumerate();
    candidates.filter(|(_, candidate)| candidate.parts().is_some()).map(|(sample, _)| sample).collect()
}

fn strengths_as_judgments(votes: &Votes, heard: &[bool]) -> Vec<Judgment> {
    let judged = votes.strengths().into_iter().zip(heard).map(|(strength, heard)| {
        let score = Score::new(strength).filter(|_| *heard)?;
        Some(Judgment::Scored(Scored { score, rationale: None, aspects: BTreeMap::new() }))
    });
    judged.map(|judgment| judgment.unwrap_or_else(|| Judgment::Unscored("no duel was decided".into()))).collect()
}
