//! What became of the completions of a slice.

use serde::{Deserialize, Serialize};
use tpo_types::{Candidate, Judgment, ParseOutcome};

use super::{ReasonCounts, count, mean};
use crate::groups::CandidateGroup;

/// What became of the completions of a slice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleMetrics {
    /// Instructions that were sampled.
    pub instructions: usize,
    /// Completions in all.
    pub completions: usize,
    /// Completions that parsed.
    pub parsed: usize,
    /// Completions that did not, by reason.
    pub malformed: ReasonCounts,
    /// Responses that the judge could not score, by reason.
    pub unscored: ReasonCounts,
    /// Mean score of the scored responses.
    pub score_mean: Option<f64>,
    /// Mean length of the thoughts of parsed completions, in tokens.
    pub thought_tokens_mean: f64,
    /// Mean length of the responses of parsed completions, in tokens.
    pub response_tokens_mean: f64,
}

impl SampleMetrics {
    /// Counts the candidates of a slice.
    pub(crate) fn of<'a>(groups: impl Iterator<Item = &'a CandidateGroup<'a>>) -> Self {
        let groups: Vec<_> = groups.collect();
        let candidates: Vec<&Candidate> =
            groups.iter().flat_map(|group| &group.candidates).collect();
        let all = candidates.iter();
        let parsed = all.clone().filter(|candidate| candidate.parts().is_some());
        let malformed = all
            .clone()
            .filter_map(|candidate| match &candidate.outcome {
                ParseOutcome::Malformed(reason) => Some(reason),
                ParseOutcome::Parsed(_) => None,
            });
        let unscored = all
            .clone()
            .filter_map(|candidate| match &candidate.judgment {
                Some(Judgment::Unscored(reason)) => Some(reason),
                _ => None,
            });
        let thoughts = parsed.clone().map(|one| f64::from(one.thought_tokens));
        let responses = parsed.clone().map(|one| f64::from(one.response_tokens));
        Self {
            instructions: groups.len(),
            completions: candidates.len(),
            parsed: parsed.count(),
            malformed: count(malformed),
            unscored: count(unscored),
            score_mean: mean(all.filter_map(|candidate| candidate.score())),
            thought_tokens_mean: mean(thoughts).unwrap_or(0.0),
            response_tokens_mean: mean(responses).unwrap_or(0.0),
        }
    }

    /// Fraction of the completions that parsed.
    pub fn parse_rate(&self) -> f64 {
        self.parsed as f64 / self.completions.max(1) as f64
    }
}
