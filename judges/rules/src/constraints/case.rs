//! Upper and lower case.

use serde::Deserialize;

use super::language;
use crate::answer::ResponseText;
use crate::grade::{Grade, Relation, RuleCheck};

/// The whole response is English in one letter case.
pub(crate) enum English {
    /// No lower-case letter.
    Capital,
    /// No upper-case letter.
    Lowercase,
}

impl RuleCheck for English {
    fn grade(&self, answer: &ResponseText) -> Grade {
        // Language detection does not work on capitals, and a short text may fit no language: only
        // another language is a miss.
        if language::detect(&answer.lower).is_some_and(|language| language != "en") {
            return Grade::Missed(0.0);
        }
        let (capital, small) = count_cased(answer.text);
        let (wanted, other) = match self {
            Self::Capital => (capital, small),
            Self::Lowercase => (small, capital),
        };
        Grade::of(wanted > 0 && other == 0, || {
            wanted as f64 / (wanted + other).max(1) as f64
        })
    }
}

/// A number of words in capitals.
#[derive(Deserialize)]
pub(crate) struct CapitalWords {
    capital_relation: Relation,
    capital_frequency: usize,
}

impl RuleCheck for CapitalWords {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let found = answer
            .text
            .split(ends_word)
            .flat_map(|word| word.splitn(2, ['\'', '’']))
            .filter(|w| is_capital(w));
        self.capital_relation
            .grade(found.count(), self.capital_frequency)
    }
}

/// Punctuation that is separate from words; a hyphen, a slash or a star is not.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || "?!;@#$%&,:()[]{}<>\"“”".contains(c)
}

fn is_capital(word: &str) -> bool {
    matches!(count_cased(word), (1.., 0))
}

/// How many letters are upper case, and how many lower case.
fn count_cased(text: &str) -> (usize, usize) {
    let capital = text.chars().filter(|c| c.is_uppercase()).count();
    (capital, text.chars().filter(|c| c.is_lowercase()).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capital_words_may_hold_digits_and_hyphens() {
        let three = CapitalWords {
            capital_relation: Relation::AtLeast,
            capital_frequency: 3,
        };
        assert_eq!(
            three.grade(&ResponseText::new("NASA's R2-D2, (OK) Fine iPad").expect("not empty")),
            Grade::Kept
        );
    }

    #[test]
    fn one_letter_case_throughout() {
        let grade =
            |check: English, text| check.grade(&ResponseText::new(text).expect("not empty"));
        assert_eq!(
            grade(English::Capital, "ALL OF THIS, 3 TIMES."),
            Grade::Kept
        );
        assert_eq!(grade(English::Lowercase, "all of this."), Grade::Kept);
        assert_eq!(
            grade(English::Lowercase, "All of it."),
            Grade::Missed(6.0 / 7.0)
        );
        assert_eq!(grade(English::Lowercase, "1 2 3"), Grade::Missed(0.0));
        assert_eq!(
            grade(
                English::Lowercase,
                "das ist nicht die sprache, die wir wollen"
            ),
            Grade::Missed(0.0)
        );
    }
}
