//! Responses with several parts.

use serde::Deserialize;

use super::length::separated;
use crate::answer::ResponseText;
use crate::grade::{Grade, RuleCheck};

/// Two different responses, separated by six stars.
pub(crate) struct TwoResponses;

impl RuleCheck for TwoResponses {
    fn grade(&self, answer: &ResponseText) -> Grade {
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

impl RuleCheck for RepeatPrompt {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let prompt = self.prompt_to_repeat.trim().to_lowercase();
        let same = prompt
            .chars()
            .zip(answer.lower.trim().chars())
            .take_while(|(a, b)| a == b)
            .count();
        Grade::all(same, prompt.chars().count())
    }
}
