//! Which language a response is written in, among the thirty of IFEval.
//!
//! The script decides; among languages with the same script, the one whose most frequent words
//! occur most often. That is enough for whole responses, but not for single words.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::language_words::{ARABIC, CYRILLIC, DEVANAGARI, LATIN, WordList};
use crate::answer::ResponseText;
use crate::grade::{Grade, RuleCheck};

/// The response is in this language.
#[derive(Deserialize)]
pub(crate) struct ResponseLanguage {
    #[serde(deserialize_with = "known")]
    language: String,
}

impl RuleCheck for ResponseLanguage {
    fn grade(&self, answer: &ResponseText) -> Grade {
        Grade::of(detect(&answer.lower) == Some(&self.language), || 0.0)
    }
}

fn known<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let code = String::deserialize(from)?;
    let mut codes = SCRIPTS.iter().flat_map(|(_, script)| match script {
        Script::One(language) => vec![*language],
        Script::Shared(languages) => languages.iter().map(|(language, _)| *language).collect(),
    });
    if codes.any(|known| known == code) {
        Ok(code)
    } else {
        Err(D::Error::custom("unknown language"))
    }
}

/// The ISO 639-1 code of the language of a text in lower case, if it can be detected.
pub(super) fn detect(lower: &str) -> Option<&'static str> {
    let letters = |range: &RangeInclusive<char>| {
        lower
            .chars()
            .filter(|c| c.is_alphabetic() && range.contains(c))
            .count()
    };
    let (count, script) = SCRIPTS
        .iter()
        .map(|(range, script)| (letters(range), script))
        .max_by_key(|(count, _)| *count)?;
    match script {
        _ if count == 0 => None,
        Script::One(language) => Some(language),
        Script::Shared(languages) => most_frequent(lower, languages),
    }
}

fn most_frequent(lower: &str, languages: &[(&'static str, WordList)]) -> Option<&'static str> {
    let tokens: Vec<_> = lower
        .split(ends_token)
        .filter(|token| !token.is_empty())
        .collect();
    let hits = |words: WordList| {
        let words: Vec<_> = words.split_whitespace().collect();
        tokens.iter().filter(|token| words.contains(token)).count()
    };
    // On equal counts the first wins: the list begins with the most likely language.
    let scored = languages
        .iter()
        .rev()
        .map(|(language, words)| (hits(words), *language));
    scored
        .max_by_key(|(count, _)| *count)
        .filter(|(count, _)| *count > 0)
        .map(|(_, language)| language)
}

fn ends_token(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_punctuation() || "।،؛؟«»“”„’…—–".contains(c)
}

enum Script {
    /// A script of one language.
    One(&'static str),
    /// A script of several languages, told apart by their most frequent words.
    Shared(&'static [(&'static str, WordList)]),
}

/// Letters of each script.
const SCRIPTS: &[(RangeInclusive<char>, Script)] = &[
    ('a'..='\u{24f}', Script::Shared(LATIN)),
    ('\u{400}'..='\u{52f}', Script::Shared(CYRILLIC)),
    ('\u{590}'..='\u{5ff}', Script::One("he")),
    ('\u{600}'..='\u{77f}', Script::Shared(ARABIC)),
    ('\u{900}'..='\u{97f}', Script::Shared(DEVANAGARI)),
    ('\u{980}'..='\u{9ff}', Script::One("bn")),
    ('\u{a00}'..='\u{a7f}', Script::One("pa")),
    ('\u{a80}'..='\u{aff}', Script::One("gu")),
    ('\u{b80}'..='\u{bff}', Script::One("ta")),
    ('\u{c00}'..='\u{c7f}', Script::One("te")),
    ('\u{c80}'..='\u{cff}', Script::One("kn")),
    ('\u{d00}'..='\u{d7f}', Script::One("ml")),
    ('\u{e00}'..='\u{e7f}', Script::One("th")),
    ('\u{3040}'..='\u{30ff}', Script::One("ja")),
    ('\u{ac00}'..='\u{d7af}', Script::One("ko")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_enough() {
        for (text, language) in [
            ("The cat is on the mat, and it sleeps.", "en"),
            ("Das ist nicht die Antwort auf meine Frage.", "de"),
            (
                "El perro de mi vecino no es muy grande, pero es simpático.",
                "es",
            ),
            ("O cachorro não é muito grande, mas é simpático.", "pt"),
            ("Le chien de mon voisin n’est pas très grand.", "fr"),
            ("Il cane non è molto grande, ma è simpatico.", "it"),
            ("Kot nie jest na macie, ale się bawi.", "pl"),
            ("Koira ei ole kovin suuri, mutta se on mukava.", "fi"),
            ("Mbwa wa jirani yangu si mkubwa sana.", "sw"),
            ("Con chó này không phải là của tôi.", "vi"),
            ("Это не моя собака, и я не знаю, что делать.", "ru"),
            ("Це не мій собака, і я не знаю, що робити.", "uk"),
            ("Това не е моето куче и аз не знам какво да правя.", "bg"),
            ("यह मेरा कुत्ता नहीं है और मैं नहीं जानता।", "hi"),
            ("हा माझा कुत्रा नाही आणि मला माहीत आहे.", "mr"),
            ("यो मेरो कुकुर होइन र मलाई थाहा छ।", "ne"),
            ("هذا ليس كلبي في البيت.", "ar"),
            ("این سگ من نیست و این را می دانم.", "fa"),
            ("یہ میرا کتا نہیں ہے اور میں نہیں جانتا۔", "ur"),
            ("これは私の犬ではありません。", "ja"),
        ] {
            assert_eq!(detect(&text.to_lowercase()), Some(language), "{text}");
        }
        assert_eq!(detect("1234"), None);
        assert_eq!(detect("xyzzy"), None);
    }

    #[test]
    fn a_language_that_cannot_be_told_is_refused() {
        assert!(serde_json::from_str::<ResponseLanguage>(r#"{"language": "fi"}"#).is_ok());
        assert!(serde_json::from_str::<ResponseLanguage>(r#"{"language": "xx"}"#).is_err());
    }
}
