//! Elements that a response must or must not contain.

use serde::Deserialize;

use crate::answer::ResponseText;
use crate::grade::{Grade, Relation, RuleCheck};

/// A smallest number of placeholders in square brackets.
#[derive(Deserialize)]
pub(crate) struct Placeholders {
    num_placeholders: usize,
}

impl RuleCheck for Placeholders {
    fn grade(&self, answer: &ResponseText) -> Grade {
        Relation::AtLeast.grade(
            answer.text.lines().map(placeholders).sum(),
            self.num_placeholders,
        )
    }
}

fn placeholders(mut line: &str) -> usize {
    let mut count = 0;
    while let Some((_, (_, rest))) = line
        .split_once('[')
        .and_then(|(before, after)| Some((before, after.split_once(']')?)))
    {
        count += 1;
        line = rest;
    }
    count
}

/// A postscript with this marker, in any letter case; each period in it may be followed by a space.
#[derive(Deserialize)]
pub(crate) struct Postscript {
    postscript_marker: String,
}

impl RuleCheck for Postscript {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let close_up = |text: &str| text.to_lowercase().replace(". ", ".").replace(".\n", ".");
        Grade::of(
            close_up(answer.text).contains(&close_up(&self.postscript_marker)),
            || 0.0,
        )
    }
}

/// No comma.
pub(crate) struct NoComma;

impl RuleCheck for NoComma {
    fn grade(&self, answer: &ResponseText) -> Grade {
        Grade::none(answer.text.matches(',').count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_ends_on_its_line() {
        assert_eq!(["[a] [b [c] d]", "[a", "a]"].map(placeholders), [2, 0, 0]);
    }

    #[test]
    fn a_postscript_may_be_spaced() {
        let marker = Postscript {
            postscript_marker: "P.P.S".into(),
        };
        let found = |text| {
            marker
                .grade(&ResponseText::new(text).expect("not empty"))
                .is_kept()
        };
        assert!(found("x\np. p. s. y"));
        assert!(!found("x P.S. y"));
    }
}
