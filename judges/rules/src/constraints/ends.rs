//! How a response begins and ends.

use serde::Deserialize;

use crate::answer::ResponseText;
use crate::grade::{Grade, RuleCheck};

/// The response ends with this phrase, in any letter case, apart from quotation marks around the
/// response.
#[derive(Deserialize)]
pub(crate) struct EndPhrase {
    end_phrase: String,
}

impl RuleCheck for EndPhrase {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let text = answer.lower.trim().trim_matches('"');
        let phrase = self.end_phrase.trim().to_lowercase();
        let end = || {
            text.rfind(&phrase).map_or(0.0, |at| {
                (at + phrase.len()) as f64 / text.len().max(1) as f64
            })
        };
        Grade::of(text.ends_with(&phrase), end)
    }
}

/// The whole response is in double quotation marks.
pub(crate) struct Quotation;

impl RuleCheck for Quotation {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let text = answer.text.trim();
        let (opens, closes) = (text.starts_with('"'), text.ends_with('"'));
        Grade::of(opens && closes && text.len() > 1, || {
            if opens || closes { 0.5 } else { 0.0 }
        })
    }
}
