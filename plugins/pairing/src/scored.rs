//! The scored candidates of a group, with what length control needs to know about them.
//!
//! This is computed once per call: trying another weight then takes a few multiplications. The
//! candidates are sorted by their contents, so that no result depends on the order of sampling.

use std::cmp::Ordering;

use tpo_plugin::{Candidate, CandidateGroup, CandidateStatus};

use crate::LengthUnit;
use crate::z_score::z_scores;

/// A group and its scored candidates.
#[derive(Debug)]
pub struct ScoredGroup<'a> {
    /// The whole group.
    pub group: &'a CandidateGroup,
    /// Those that have a score, sorted by text.
    pub candidates: Vec<ScoredCandidate<'a>>,
}

/// A candidate that has a score.
#[derive(Debug)]
pub struct ScoredCandidate<'a> {
    /// Its index in the group.
    pub index: usize,
    /// The judge's score, in the judge's own unit.
    pub score: f64,
    /// The response without surrounding white space: candidates with equal texts are the same
    /// response.
    pub text: &'a str,
    /// Length of the response, a whole number.
    pub response_length: f64,
    /// Length of the thought, a whole number.
    pub thought_length: f64,
    /// `N(score)`.
    pub(crate) z_score: f64,
    /// `N(response_length)`.
    pub(crate) z_response: f64,
    /// `N(thought_length)`.
    pub(crate) z_thought: f64,
}

impl<'a> ScoredGroup<'a> {
    /// The scored candidates of every group.
    pub fn each(groups: &'a [CandidateGroup], unit: LengthUnit) -> Vec<Self> {
        groups.iter().map(|group| Self::of(group, unit)).collect()
    }

    /// The scored candidates of one group.
    pub fn of(group: &'a CandidateGroup, unit: LengthUnit) -> Self {
        let mut scored: Vec<_> = (0..)
            .zip(&group.candidates)
            .filter_map(with_score)
            .collect();
        scored.sort_by(by_contents);
        let numbers = |of: &dyn Fn(&Candidate, f64) -> f64| -> Vec<f64> {
            scored
                .iter()
                .map(|(_, candidate, score)| of(candidate, *score))
                .collect()
        };
        let scores = numbers(&|_, score| score);
        let responses = numbers(&|candidate, _| unit.response(candidate));
        let thoughts = numbers(&|candidate, _| unit.thought(candidate));
        let (z_of_scores, z_of_responses, z_of_thoughts) =
            (z_scores(&scores), z_scores(&responses), z_scores(&thoughts));
        let candidates = scored
            .iter()
            .enumerate()
            .map(|(i, &(index, candidate, score))| ScoredCandidate {
                index,
                score,
                text: candidate.response.trim(),
                response_length: responses[i],
                thought_length: thoughts[i],
                z_score: z_of_scores[i],
                z_response: z_of_responses[i],
                z_thought: z_of_thoughts[i],
            });
        Self {
            group,
            candidates: candidates.collect(),
        }
    }

    /// The candidates, if there are two or more, or why nothing can be compared.
    pub fn comparable(&self) -> Result<&[ScoredCandidate<'a>], &'static str> {
        match &self.candidates[..] {
            [] => Err("no scored candidate"),
            [_] => Err("only one scored candidate"),
            candidates => Ok(candidates),
        }
    }
}

fn with_score((index, candidate): (usize, &Candidate)) -> Option<(usize, &Candidate, f64)> {
    match candidate.status {
        CandidateStatus::Scored(score) => Some((index, candidate, score)),
        CandidateStatus::Unscored(_) | CandidateStatus::Malformed(_) => None,
    }
}

/// By text; the rest is for equal texts with different scores or numbers of tokens.
fn by_contents(a: &(usize, &Candidate, f64), b: &(usize, &Candidate, f64)) -> Ordering {
    let ((_, a, a_score), (_, b, b_score)) = (a, b);
    (&a.response, &a.thought)
        .cmp(&(&b.response, &b.thought))
        .then_with(|| a_score.total_cmp(b_score))
        .then_with(|| {
            (a.response_tokens, a.thought_tokens).cmp(&(b.response_tokens, b.thought_tokens))
        })
}
