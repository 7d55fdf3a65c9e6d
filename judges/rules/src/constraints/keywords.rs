//! Which words and letters occur, and how often.

use serde::Deserialize;

use crate::answer::{ResponseText, is_word};
use crate::grade::{Grade, Relation, RuleCheck};

/// Every keyword occurs, in any letter case, also inside a longer word.
#[derive(Deserialize)]
pub(crate) struct Existence {
    keywords: Vec<String>,
}

impl RuleCheck for Existence {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let found = self
            .keywords
            .iter()
            .filter(|keyword| answer.lower.contains(&keyword.to_lowercase()))
            .count();
        Grade::all(found, self.keywords.len())
    }
}

/// No forbidden word occurs as a whole word, in any letter case.
#[derive(Deserialize)]
pub(crate) struct Forbidden {
    forbidden_words: Vec<String>,
}

impl RuleCheck for Forbidden {
    fn grade(&self, answer: &ResponseText) -> Grade {
        Grade::none(
            self.forbidden_words
                .iter()
                .map(|word| whole_words(&answer.lower, &word.to_lowercase()))
                .sum(),
        )
    }
}

/// A keyword occurs a number of times, in any letter case, also inside longer words.
#[derive(Deserialize)]
pub(crate) struct Frequency {
    relation: Relation,
    keyword: String,
    #[serde(rename = "frequency")]
    bound: usize,
}

impl RuleCheck for Frequency {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let keyword = self.keyword.to_lowercase();
        let found = if keyword.is_empty() {
            0
        } else {
            answer.lower.matches(&keyword).count()
        };
        self.relation.grade(found, self.bound)
    }
}

/// A letter occurs a number of times, in either case.
#[derive(Deserialize)]
pub(crate) struct LetterFrequency {
    let_relation: Relation,
    letter: char,
    let_frequency: usize,
}

impl RuleCheck for LetterFrequency {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let found = answer
            .lower
            .chars()
            .filter(|c| self.letter.to_lowercase().eq([*c]))
            .count();
        self.let_relation.grade(found, self.let_frequency)
    }
}

/// How often `word` occurs with a word boundary (`\b`) on both sides.
fn whole_words(text: &str, word: &str) -> usize {
    if word.is_empty() {
        return 0;
    }
    let is_boundary = |at: usize| {
        let (before, after) = text.split_at(at);
        before.chars().next_back().is_some_and(is_word) != after.chars().next().is_some_and(is_word)
    };
    text.match_indices(word)
        .filter(|(at, found)| is_boundary(*at) && is_boundary(at + found.len()))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_word_is_a_whole_word() {
        assert_eq!(whole_words("a rock, rocky rocks. rock", "rock"), 2);
        assert_eq!(whole_words("c++ and c", "c"), 2);
        assert_eq!(whole_words("été", "t"), 0);
    }
}
