//! Finds a marker in a completion; models do not copy markers exactly.
//!
//! Tolerated: any letter case, any number of spaces, `Here's` for `Here is` with either apostrophe,
//! Markdown emphasis or a heading sign around the marker, and a missing colon if the marker is
//! alone on its line. A marker inside a longer word does not count.

use std::ops::Range;

/// A text that opens a thought or a response.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Marker {
    text: String,
    steps: Vec<MatchStep>,
    colon: bool,
}

/// One step of a match.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MatchStep {
    /// This letter in any case, or this punctuation mark.
    Char(char),
    /// At least one white-space character.
    Space,
    /// ` is` or `'s`.
    Is,
}

impl Marker {
    /// White space around the text is not part of the marker.
    pub(crate) fn new(text: &str) -> Self {
        let text = text.trim();
        let (words, colon) = match text.strip_suffix(':') {
            Some(words) if words.ends_with(|c: char| !c.is_whitespace()) => (words, true),
            _ => (text, false),
        };
        let mut steps = Vec::new();
        for (i, word) in words.split_whitespace().enumerate() {
            if i > 0 && word.eq_ignore_ascii_case("is") {
                steps.push(MatchStep::Is);
                continue;
            }
            if i > 0 {
                steps.push(MatchStep::Space);
            }
            let stem = ["'s", "’s"]
                .iter()
                .find_map(|suffix| word.strip_suffix(suffix));
            steps.extend(stem.unwrap_or(word).chars().map(MatchStep::Char));
            steps.extend(stem.map(|_| MatchStep::Is));
        }
        Self {
            text: text.into(),
            steps,
            colon,
        }
    }

    /// The marker as a prefill. If it ends in a letter, a line break follows: otherwise the model's
    /// next letter could extend the word.
    pub(crate) fn written(&self) -> String {
        let end = if self.text.ends_with(char::is_alphanumeric) {
            "\n"
        } else {
            ""
        };
        format!("{}{end}", self.text)
    }

    /// The first occurrence at or after the byte `from`, with its emphasis.
    pub(crate) fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        text[from..]
            .char_indices()
            .find_map(|(offset, _)| self.match_at(text, from, from + offset))
    }

    fn match_at(&self, text: &str, from: usize, at: usize) -> Option<Range<usize>> {
        let mut end = at;
        for token in &self.steps {
            end += token.eat(&text[end..])?;
        }
        if inside_word(text, at) || inside_word(text, end) {
            return None;
        }
        let lead = Lead::before(&text[from..at]);
        let tail = self.tail(&text[end..], &lead)?;
        Some(at - lead.len..end + tail)
    }

    /// The length of the colon and the closing emphasis; none if a required colon is missing.
    fn tail(&self, rest: &str, lead: &Lead) -> Option<usize> {
        let skip = |from: usize, sign: &str| {
            if rest[from..].starts_with(sign) {
                from + sign.len()
            } else {
                from
            }
        };
        let closed = skip(0, lead.emphasis);
        if !self.colon {
            return Some(closed);
        }
        if rest[closed..].starts_with(':') {
            let after = closed + 1;
            return Some(if closed == 0 {
                skip(after, lead.emphasis)
            } else {
                after
            });
        }
        let ends_line = rest[closed..]
            .lines()
            .next()
            .is_none_or(|line| line.trim().is_empty());
        (lead.heads_line && ends_line).then_some(closed)
    }
}

/// The part of a marker before its first letter.
struct Lead<'a> {
    emphasis: &'a str,
    heads_line: bool,
    /// Bytes of emphasis and heading sign.
    len: usize,
}

impl<'a> Lead<'a> {
    fn before(text: &'a str) -> Self {
        let plain = text.trim_end_matches(['*', '_']);
        let emphasis = &text[plain.len()..];
        let line = plain.rsplit('\n').next().unwrap_or(plain);
        let heads_line = line.chars().all(|c| matches!(c, '#' | ' ' | '\t'));
        Self {
            emphasis,
            heads_line,
            len: emphasis.len() + if heads_line { line.len() } else { 0 },
        }
    }
}

impl MatchStep {
    /// How many bytes at the beginning of `text` match this token.
    fn eat(self, text: &str) -> Option<usize> {
        match self {
            Self::Char(wanted) => {
                let found = text.chars().next()?;
                (found == wanted || found.to_lowercase().eq(wanted.to_lowercase()))
                    .then_some(found.len_utf8())
            }
            Self::Space => Some(text.len() - text.trim_start().len()).filter(|&len| len > 0),
            Self::Is => {
                let word = text.trim_start();
                let space = text.len() - word.len();
                let spelled = if space > 0 {
                    ["is"].as_slice()
                } else {
                    &["'s", "’s"]
                };
                let is = spelled.iter().find(|is| {
                    word.get(..is.len())
                        .is_some_and(|w| w.eq_ignore_ascii_case(is))
                })?;
                Some(space + is.len())
            }
        }
    }
}

/// Whether the byte `at` lies between two letters or digits.
fn inside_word(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    before
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric)
        && after.chars().next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes before and after the first response marker of the generic format.
    fn split(text: &str) -> Option<(&str, &str)> {
        let found = Marker::new("Here is my response:").find(text, 0)?;
        Some((&text[..found.start], &text[found.end..]))
    }

    #[test]
    fn sloppy_copies_are_found() {
        for text in [
            "a Here is my response: b",
            "a HERE IS MY RESPONSE: b",
            "a Here's my response: b",
            "a Here’s my response: b",
            "a here  is\nmy response: b",
            "a **Here is my response:** b",
            "a **Here is my response**: b",
            "a\n## Here is my response: b",
            "a\n### **Here's my response:** b",
            "a\nHere is my response\n b",
            "a\n**Here is my response**\n b",
        ] {
            let (thought, response) = split(text).expect(text);
            assert_eq!((thought.trim(), response.trim()), ("a", "b"), "{text}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_found() {
        for text in [
            "There is my response: b",
            "Here is my response to that: b",
            "Here is my responses: b",
            "Here my",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn emphasis_of_the_response_is_left_to_it() {
        assert_eq!(split("Here is my response:**b**"), Some(("", "**b**")));
        assert_eq!(split("Here is my response: **b**"), Some(("", " **b**")));
    }

    #[test]
    fn a_contraction_in_the_marker_also_matches_its_long_form() {
        assert!(
            Marker::new("Here's the answer")
                .find("here is the answer", 0)
                .is_some()
        );
    }

    #[test]
    fn a_sign_is_found_anywhere() {
        assert_eq!(Marker::new("<R>").find("a<r>b", 0), Some(1..4));
    }
}
