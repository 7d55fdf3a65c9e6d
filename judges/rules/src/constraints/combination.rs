//! Responses with several parts.

use serde::Deserialize;

use super::length::separated;
use crate::answer::Answer;
use crate::grade::{Check, Grade};

/// Two different responses, separated by six stars.
pub(crate) struct TwoResponses;

impl Check for TwoResponses {
    fn grade(&self, answer: &Answer) -> Grade {
        match separated(answer.text, "******") {
            (parts, false) if parts.len() == 2 && parts[0] == parts[1] => Grade::Missed(0.5),
            (_, true) => Grade::Missed(0.5),
            (parts, false) => Grade::exactly(parts.len(), 2),
        }
    }
}

/// The response begins with the request, word for word in any letter case.
#[derive(Deserialize)]
pub(crate) struct RepeatPrompt {
    prompt_to_repeat: String,
}

impl Check for RepeatPrompt {
    fn grade(&self, answer: &Answer) -> Grade {
        let prompt = self.prompt_to_repeat.trim().to_lowercase();
        let same = prompt
            .chars()
            .zip(answer.lower.trim().chars())
            .take_while(|(a, b)| a == b)
            .count();
        Grade::all(same, prompt.chars().count())
    }
}
