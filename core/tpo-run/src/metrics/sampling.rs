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
    /// Completions that were asked for: `K` per instruction.
    pub completions: usize,
    /// Completions that were sampled again because too few parsed.
    pub resampled: usize,
    /// Of the completions that were asked for, those that parsed at the first try.
    pub parsed_first: usize,
    /// Of the completions that were asked for, those that parsed in the end.
    pub parsed: usize,
    /// Completions that did not parse, also of those sampled again, by reason.
    pub malformed: ReasonCounts,
    /// Responses that the judge could not score, by reason.
    pub unscored: ReasonCounts,
    /// Mean score of the scored responses.
    pub score_mean: Option<f64>,
    /// Mean length of the thoughts of parsed completions, in tokens.
    pub thought_tokens_mean: f64,
    /// Mean length of the responses of parsed completions, in tokens.
    pub response_tokens_mean: f64,
    /// Tokens sampled per completion that was asked for: thoughts, markers and completions that
    /// were sampled again included.
    pub tokens_per_completion: f64,
}

impl SampleMetrics {
    /// Counts the candidates of a slice; `num_samples` completions per instruction were asked for.
    pub(crate) fn of<'a>(
        groups: impl Iterator<Item = &'a CandidateGroup<'a>>,
        num_samples: usize,
    ) -> Self {
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
        let is_parsed = |candidate: &&Candidate| candidate.parts().is_some();
        let first = groups.iter().map(|group| {
            let first = group.candidates.iter().take(num_samples);
            first.filter(is_parsed).count()
        });
        let in_the_end = groups.iter().map(|group| {
            let parsed = group.candidates.iter().filter(is_parsed).count();
            parsed.min(num_samples)
        });
        let completions = groups.len() * num_samples;
        let tokens: usize = all
            .clone()
            .map(|candidate| candidate.completion.token_ids.len())
            .sum();
        Self {
            instructions: groups.len(),
            completions,
            resampled: candidates.len() - completions,
            parsed_first: first.sum(),
            parsed: in_the_end.sum(),
            tokens_per_completion: tokens as f64 / completions.max(1) as f64,
            malformed: count(malformed),
            unscored: count(unscored),
            score_mean: mean(all.filter_map(|candidate| candidate.score())),
            thought_tokens_mean: mean(thoughts).unwrap_or(0.0),
            response_tokens_mean: mean(responses).unwrap_or(0.0),
        }
    }

    /// Fraction of the completions that parsed at the first try.
    pub fn first_parse_rate(&self) -> f64 {
        self.parsed_first as f64 / self.completions.max(1) as f64
    }

    /// Fraction of the completions that parsed in the end, some after they were sampled again.
    pub fn parse_rate(&self) -> f64 {
        self.parsed as f64 / self.completions.max(1) as f64
    }
}
