//! Responses with several parts.

use serde::Deserialize;

use super::length::Separated;
use crate::answer::ResponseText;
use crate::grade::{Grade, RuleCheck};

/// Two different responses, separated by six stars.
pub(crate) struct TwoResponses;

impl RuleCheck for TwoResponses {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let Separated { parts, has_gaps } = Separated::by("******", answer.text);
        let are_equal = parts.len() == 2 && parts[0] == parts[1];
        if has_gaps || are_equal {
            Grade::Missed(0.5)
        } else {
            Grade::exactly(parts.len(), 2)
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
