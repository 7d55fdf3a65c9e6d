//! Rules for every instruction.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::answer::{ResponseText, words};
use crate::grade::{Grade, RuleCheck, near};

/// The number of words is in a range.
pub(crate) struct Length(pub(crate) RangeInclusive<usize>);

impl RuleCheck for Length {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let found = answer.word_count();
        Grade::of(self.0.contains(&found), || {
            near(
                found,
                *if found < *self.0.start() {
                    self.0.start()
                } else {
                    self.0.end()
                },
            )
        })
    }
}

/// How many words the compared sequences have: shorter ones recur in any text.
const RUN: usize = 4;

/// The response does not repeat itself.
pub(crate) struct NoRepetition {
    pub(crate) max_fraction: f64,
}

impl RuleCheck for NoRepetition {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let words: Vec<_> = words(&answer.lower).collect();
        let runs = words.windows(RUN);
        let count = runs.len();
        let repeated = count - runs.collect::<HashSet<_>>().len();
        let fraction = if count == 0 {
            0.0
        } else {
            repeated as f64 / count as f64
        };
        Grade::of(fraction <= self.max_fraction, || {
            (1.0 - fraction) / (1.0 - self.max_fraction)
        })
    }
}

/// The response does not refuse.
pub(crate) struct NoRefusal(Vec<String>);

impl NoRefusal {
    pub(crate) fn new(phrases: &[String]) -> Self {
        Self(
            phrases
                .iter()
                .map(|phrase| plain(&phrase.to_lowercase()))
                .collect(),
        )
    }
}

impl RuleCheck for NoRefusal {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let text = plain(&answer.lower);
        Grade::of(!self.0.iter().any(|phrase| text.contains(phrase)), || 0.0)
    }
}

/// One spelling of the apostrophe, for models write both.
fn plain(text: &str) -> String {
    text.replace('’', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(check: &impl RuleCheck, text: &str) -> Grade {
        check.grade(&ResponseText::new(text).expect("not empty"))
    }

    #[test]
    fn both_ends_of_the_window_belong_to_it() {
        let window = Length(2..=4);
        assert_eq!(grade(&window, "a"), Grade::Missed(0.5));
        assert_eq!(grade(&window, "a b"), Grade::Kept);
        assert_eq!(grade(&window, "a b c d"), Grade::Kept);
        assert_eq!(grade(&window, "a b c d e"), Grade::Missed(0.8));
    }

    #[test]
    fn repetition_is_the_fraction_of_runs_said_before() {
        let rule = NoRepetition { max_fraction: 0.2 };
        assert_eq!(grade(&rule, "a b c"), Grade::Kept);
        assert_eq!(grade(&rule, "a b c d e f g h"), Grade::Kept);
        assert_eq!(
            grade(&rule, "x x x x x x x x"),
            Grade::Missed((1.0 - 0.8) / (1.0 - 0.2))
        );
    }

    #[test]
    fn a_refusal_is_found_in_any_case_and_apostrophe() {
        let rule = NoRefusal::new(&["I can't help".into()]);
        assert_eq!(
            grade(&rule, "Sorry, i can’t help with that."),
            Grade::Missed(0.0)
        );
        assert_eq!(grade(&rule, "I can help."), Grade::Kept);
    }
}
