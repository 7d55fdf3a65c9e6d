//! A response, with values that several rules need.

use std::cell::OnceCell;

/// A response that is not empty.
pub(crate) struct ResponseText<'a> {
    pub(crate) text: &'a str,
    /// The text in lower case.
    pub(crate) lower: String,
    words: OnceCell<usize>,
}

impl<'a> ResponseText<'a> {
    /// None if the text is only white space.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self {
            text,
            lower: text.to_lowercase(),
            words: OnceCell::new(),
        })
    }

    /// Number of words: runs of letters, digits and underscores.
    pub(crate) fn word_count(&self) -> usize {
        *self.words.get_or_init(|| words(self.text).count())
    }
}

/// Runs of letters, digits and underscores.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

/// Whether a character is part of a word.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_word_characters() {
        assert_eq!(
            words("It's 3.5 snake_case—ok!").collect::<Vec<_>>(),
            ["It", "s", "3", "5", "snake_case", "ok"]
        );
    }
}
