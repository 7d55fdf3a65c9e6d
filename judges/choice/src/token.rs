//! Splits a text into words and marks.
//!
//! It drops markup (emphasis, quotes, LaTeX commands except `\boxed`) and keeps line breaks; a
//! number is one word.

/// Characters that are only markup.
const MARKUP: [char; 14] = [
    '*', '_', '`', '$', '"', '“', '”', '\'', '‘', '’', '«', '»', '~', '|',
];

/// Tags that are only markup.
const TAGS: [&str; 12] = [
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<u>",
    "</u>",
    "<em>",
    "</em>",
    "<strong>",
    "</strong>",
    "<p>",
    "</p>",
];

/// The command whose braces contain an answer.
pub(crate) const BOXED: &str = "\\boxed";

/// A line break.
pub(crate) const LINE_END: &str = "\n";

/// A word, a mark of one character, a line break, or [`BOXED`].
#[derive(Debug)]
pub(crate) struct Lexeme {
    /// In lower case.
    pub(crate) text: String,
    pub(crate) is_word: bool,
    /// Whether it follows the text before it without white space.
    pub(crate) touches: bool,
}

/// The words and marks of a text, in order.
pub(crate) fn lexemes(text: &str) -> Vec<Lexeme> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexemes = Vec::new();
    let mut touches = false;
    let mut at = 0;
    while at < chars.len() {
        let (start, first) = (at, chars[at]);
        let is_word = is_word_start(&chars, at);
        at += 1;
        if is_word {
            while at < chars.len() && (chars[at].is_alphanumeric() || is_within_word(&chars, at)) {
                at += 1;
            }
        } else if first == '\\' {
            while at < chars.len() && chars[at].is_ascii_alphabetic() {
                at += 1;
            }
        } else if let Some(length) = tag_length(&chars[start..]) {
            at += length - 1;
            continue;
        }
        let text = if is_word {
            plain(&chars[start..at])
        } else {
            chars[start..at].iter().collect()
        };
        let is_markup = first.is_whitespace() && first != '\n' || MARKUP.contains(&first);
        if !is_markup && (first != '\\' || text == BOXED) {
            lexemes.push(Lexeme {
                text,
                is_word,
                touches,
            });
        }
        touches = !first.is_whitespace() && (touches || !is_markup);
    }
    lexemes
}

/// The number of characters of the markup tag at the beginning of a text.
fn tag_length(chars: &[char]) -> Option<usize> {
    let begins_with = |tag: &&str| {
        tag.chars()
            .enumerate()
            .all(|(at, c)| chars.get(at) == Some(&c))
    };
    TAGS.iter()
        .find(|tag| begins_with(tag))
        .map(|tag| tag.len())
}

/// Whether a word begins here: with a letter or digit, or the sign of a number.
fn is_word_start(chars: &[char], at: usize) -> bool {
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let is_sign = || matches!(chars[at], '-' | '\u{2212}') && is_digit(at + 1);
    let follows_operand = || at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == ')');
    chars[at].is_alphanumeric() || is_sign() && !follows_operand()
}

/// Whether a mark is part of a word: an apostrophe between letters, or the mark between the digits
/// of `3.5`, `1/2`, `2:00` and `1,000`.
fn is_within_word(chars: &[char], at: usize) -> bool {
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let between_digits = || is_digit(at - 1) && is_digit(at + 1);
    match chars[at] {
        '\'' | '’' => chars.get(at + 1).is_some_and(|c| c.is_alphanumeric()),
        '.' | '/' | ':' => between_digits(),
        ',' => between_digits() && is_digit(at + 2) && is_digit(at + 3) && !is_digit(at + 4),
        _ => false,
    }
}

/// A word in lower case, with ASCII signs and apostrophes and without commas.
fn plain(word: &[char]) -> String {
    let plain = word
        .iter()
        .filter(|c| **c != ',')
        .flat_map(|c| c.to_lowercase());
    let replaced = plain.map(|c| match c {
        '’' => '\'',
        '\u{2212}' => '-',
        other => other,
    });
    replaced.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        lexemes(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn markup_is_dropped_and_numbers_are_whole() {
        assert_eq!(texts("**Answer:** `B`"), ["answer", ":", "b"]);
        assert_eq!(
            texts("It isn’t $\\text{(B)}$\nat all"),
            ["it", "isn't", "{", "(", "b", ")", "}", "\n", "at", "all"]
        );
        assert_eq!(texts("\\boxed{3.5}."), ["\\boxed", "{", "3.5", "}", "."]);
        assert_eq!(
            texts("1,234 of 1,2 is \u{2212}5, 10-3"),
            ["1234", "of", "1", ",", "2", "is", "-5", ",", "10", "-", "3"]
        );
        assert_eq!(texts("<b>B</b> <answer>"), ["b", "<", "answer", ">"]);
        assert_eq!(texts("1/2 A/B 2."), ["1/2", "a", "/", "b", "2", "."]);
    }

    #[test]
    fn tokens_without_space_between_touch() {
        let touching = |text: &str| {
            lexemes(text)
                .into_iter()
                .map(|token| token.touches)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            touching("**A**nswer B) C"),
            [false, true, false, true, false]
        );
    }
}
