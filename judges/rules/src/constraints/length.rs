//! How long a response is, in words, sentences and paragraphs.

use serde::Deserialize;

use super::sentences::count_sentences;
use crate::answer::ResponseText;
use crate::grade::{Grade, Relation, RuleCheck, near};

/// A number of words.
#[derive(Deserialize)]
pub(crate) struct Words {
    relation: Relation,
    num_words: usize,
}

impl RuleCheck for Words {
    fn grade(&self, answer: &ResponseText) -> Grade {
        self.relation.grade(answer.word_count(), self.num_words)
    }
}

/// A number of sentences.
#[derive(Deserialize)]
pub(crate) struct Sentences {
    relation: Relation,
    num_sentences: usize,
}

impl RuleCheck for Sentences {
    fn grade(&self, answer: &ResponseText) -> Grade {
        self.relation
            .grade(count_sentences(answer.text), self.num_sentences)
    }
}

/// A number of paragraphs, separated by `***`. An empty paragraph between two others also breaks
/// the rule.
#[derive(Deserialize)]
pub(crate) struct Paragraphs {
    num_paragraphs: usize,
}

impl RuleCheck for Paragraphs {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let found = Separated::by("***", answer.text);
        match Grade::exactly(found.parts.len(), self.num_paragraphs) {
            Grade::Kept if found.has_gaps => Grade::Missed(1.0),
            grade => grade,
        }
    }
}

/// A text, split at separators.
pub(super) struct Separated<'a> {
    /// The parts that are not empty.
    pub(super) parts: Vec<&'a str>,
    /// Whether an empty part is between two others.
    pub(super) has_gaps: bool,
}

impl<'a> Separated<'a> {
    pub(super) fn by(separator: &str, text: &'a str) -> Self {
        let parts: Vec<_> = text.split(separator).map(str::trim).collect();
        let inner = parts
            .get(1..parts.len().saturating_sub(1))
            .unwrap_or_default();
        let has_gaps = inner.iter().any(|part| part.is_empty());
        Self {
            parts: parts.into_iter().filter(|part| !part.is_empty()).collect(),
            has_gaps,
        }
    }
}

/// A number of paragraphs, separated by blank lines, the n-th of which begins with a word.
#[derive(Deserialize)]
pub(crate) struct NthParagraph {
    num_paragraphs: usize,
    #[serde(rename = "nth_paragraph")]
    nth: usize,
    first_word: String,
}

impl RuleCheck for NthParagraph {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let paragraphs: Vec<_> = answer.text.split("\n\n").map(str::trim).collect();
        let count = paragraphs
            .iter()
            .filter(|paragraph| !paragraph.is_empty())
            .count();
        let nth = self.nth.checked_sub(1).and_then(|n| paragraphs.get(n));
        let first = nth
            .filter(|_| self.nth <= count)
            .and_then(|paragraph| first_word(paragraph));
        let begins = first.is_some_and(|word| word == self.first_word.to_lowercase());
        let half = |kept: bool, closeness: f64| if kept { 0.5 } else { 0.5 * closeness };
        let counted = count == self.num_paragraphs;
        Grade::of(begins && counted, || {
            half(begins, 0.0) + half(counted, near(count, self.num_paragraphs))
        })
    }
}

/// The first word in lower case, up to its first punctuation mark.
fn first_word(paragraph: &str) -> Option<String> {
    let word = paragraph
        .split_whitespace()
        .next()?
        .trim_start_matches('\'')
        .trim_start_matches('"');
    word.split(['.', ',', '?', '!', '\'', '"'])
        .next()
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(check: &impl RuleCheck, text: &str) -> Grade {
        check.grade(&ResponseText::new(text).expect("not empty"))
    }

    #[test]
    fn paragraphs_are_separated_by_stars() {
        let two = Paragraphs { num_paragraphs: 2 };
        assert_eq!(grade(&two, "a\n***\nb"), Grade::Kept);
        assert_eq!(grade(&two, "***\na\n***\nb\n***"), Grade::Kept);
        assert_eq!(grade(&two, "a *** *** b"), Grade::Missed(1.0));
        assert_eq!(grade(&two, "a\n\nb"), Grade::Missed(0.5));
    }

    #[test]
    fn the_nth_paragraph_is_found_by_blank_lines() {
        let second = NthParagraph {
            num_paragraphs: 2,
            nth: 2,
            first_word: "Weekend".into(),
        };
        assert_eq!(grade(&second, "a\n\n\"weekend, b"), Grade::Kept);
        assert_eq!(grade(&second, "a\n\nb"), Grade::Missed(0.5));
        assert_eq!(grade(&second, "weekend"), Grade::Missed(0.25));
    }
}
