//! Counts English sentences the way the Punkt tokenizer of IFEval's checker splits them.
//!
//! A sentence ends at `.`, `?` or `!` before white space or a closing quotation mark or bracket. A
//! period after an abbreviation, an initial or an ellipsis ends one only if the next word commonly
//! begins sentences. Line breaks have no meaning: a heading without a period belongs to the
//! sentence after it, and the number of a list item is a sentence.

/// Number of sentences in a text.
pub(super) fn count_sentences(text: &str) -> usize {
    let mut count = 0;
    let mut open = false;
    let mut chunks = text.split_whitespace().peekable();
    while let Some(chunk) = chunks.next() {
        let next = chunks.peek().copied();
        let after = last_end(chunk, next.is_some())
            .filter(|&end| ends(chunk, end, next))
            .map(|end| &chunk[end..]);
        match after {
            Some(after) => {
                count += 1;
                open = !after
                    .trim_start_matches(['"', '\'', ')', ']', '}'])
                    .is_empty();
            }
            None => open = true,
        }
    }
    count + usize::from(open)
}

/// The end, in bytes, of the last mark in a chunk that could end a sentence.
fn last_end(chunk: &str, more_follows: bool) -> Option<usize> {
    let stands_before_gap = |end: usize| match chunk[end..].chars().next() {
        Some(sign) => ")\";}]*:@'({[!?".contains(sign),
        None => more_follows,
    };
    let mut ends = chunk
        .match_indices(['.', '?', '!'])
        .map(|(at, sign)| at + sign.len());
    ends.rfind(|&end| stands_before_gap(end))
}

fn ends(chunk: &str, end: usize, next: Option<&str>) -> bool {
    let token = chunk[..end].trim_start_matches(|c: char| !c.is_alphanumeric() && c != '.');
    let Some(word) = token.strip_suffix('.') else {
        return true;
    };
    // A closing mark follows directly, not a word.
    let next = next.filter(|_| end == chunk.len());
    let word = word
        .rsplit(['(', '"', '-', '/'])
        .next()
        .unwrap_or(word)
        .to_lowercase();
    if word.ends_with('.') || ABBREVIATIONS.contains(&word.as_str()) {
        return next.is_some_and(begins_sentence);
    }
    if word.chars().count() == 1 && word.chars().all(char::is_alphabetic) {
        return next.is_some_and(begins_sentence);
    }
    let is_number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    !(is_number && next.is_some_and(|next| next.starts_with(char::is_lowercase)))
}

fn begins_sentence(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.starts_with(char::is_uppercase) && STARTERS.contains(&word.to_lowercase().as_str())
}

/// Without their final period.
const ABBREVIATIONS: &[&str] = &[
    "a.m", "adm", "apr", "assn", "aug", "ave", "bros", "capt", "cf", "co", "col", "corp", "d.c",
    "dec", "dept", "dr", "e.g", "est", "feb", "fig", "ft", "gen", "gov", "hon", "i.e", "inc",
    "jan", "jr", "lt", "ltd", "maj", "messrs", "mr", "mrs", "ms", "mt", "nov", "oct", "p.m",
    "ph.d", "prof", "rep", "rev", "sen", "sep", "sept", "sgt", "sr", "st", "u.k", "u.n", "u.s",
    "u.s.a", "vol", "vs",
];

const STARTERS: &[&str] = &[
    "after", "although", "an", "and", "another", "as", "at", "because", "both", "but", "by",
    "during", "each", "even", "finally", "first", "for", "from", "he", "her", "his", "how",
    "however", "if", "in", "it", "its", "many", "most", "my", "next", "no", "not", "now", "on",
    "once", "one", "or", "other", "our", "she", "since", "so", "some", "such", "that", "the",
    "their", "then", "there", "these", "they", "this", "those", "though", "thus", "to", "under",
    "until", "we", "what", "when", "where", "while", "who", "with", "you", "your",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_stops_that_are_none_of_a_word() {
        for (text, count) in [
            ("", 0),
            ("One", 1),
            ("One.", 1),
            ("One. Two! Three? Four", 4),
            ("It costs 3.5 dollars. Dr. Jones paid.", 2),
            ("He said \"Stop!\" and left.", 2),
            ("\"Stop.\"", 1),
            ("J. R. Smith came at 5 p.m. The door was shut.", 2),
            ("Well... maybe. Well... The end.", 3),
            ("What?! No.", 2),
            ("1. First thing\n2. Second thing", 3),
        ] {
            assert_eq!(count_sentences(text), count, "{text}");
        }
    }
}
