//! The vocabulary of IFEval: which constraint id is which check.
//!
//! One file per family. A check consists of its keyword arguments, read from the data set; if the
//! meaning of an id is ambiguous, it is that of IFEval's own checker in strict mode, which
//! `tests.rs` compares with.

mod case;
mod combination;
mod concepts;
mod content;
mod ends;
mod format;
mod inflection;
mod keywords;
mod language;
mod language_words;
mod length;
mod sentences;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::grade::RuleCheck;

/// The check that an id and its keyword arguments name, or why there is none.
pub(crate) fn read(id: &str, kwargs: &Value) -> Result<Box<dyn RuleCheck>, String> {
    let check = match id {
        "change_case:capital_word_frequency" => with::<case::CapitalWords>(kwargs),
        "change_case:english_capital" => {
            Some(Box::new(case::English::Capital) as Box<dyn RuleCheck>)
        }
        "change_case:english_lowercase" => Some(Box::new(case::English::Lowercase) as _),
        "combination:repeat_prompt" => with::<combination::RepeatPrompt>(kwargs),
        "combination:two_responses" => Some(Box::new(combination::TwoResponses) as _),
        "concepts:coverage" => with::<concepts::Coverage>(kwargs),
        "detectable_content:number_placeholders" => with::<content::Placeholders>(kwargs),
        "detectable_content:postscript" => with::<content::Postscript>(kwargs),
        "detectable_format:constrained_response" => Some(Box::new(format::YesNoMaybe) as _),
        "detectable_format:json_format" => Some(Box::new(format::Json) as _),
        "detectable_format:multiple_sections" => with::<format::Sections>(kwargs),
        "detectable_format:number_bullet_lists" => with::<format::Bullets>(kwargs),
        "detectable_format:number_highlighted_sections" => with::<format::Highlights>(kwargs),
        "detectable_format:title" => Some(Box::new(format::Title) as _),
        "keywords:existence" => with::<keywords::Existence>(kwargs),
        "keywords:forbidden_words" => with::<keywords::Forbidden>(kwargs),
        "keywords:frequency" => with::<keywords::Frequency>(kwargs),
        "keywords:letter_frequency" => with::<keywords::LetterFrequency>(kwargs),
        "language:response_language" => with::<language::ResponseLanguage>(kwargs),
        "length_constraints:nth_paragraph_first_word" => with::<length::NthParagraph>(kwargs),
        "length_constraints:number_paragraphs" => with::<length::Paragraphs>(kwargs),
        "length_constraints:number_sentences" => with::<length::Sentences>(kwargs),
        "length_constraints:number_words" => with::<length::Words>(kwargs),
        "punctuation:no_comma" => Some(Box::new(content::NoComma) as _),
        "startend:end_checker" => with::<ends::EndPhrase>(kwargs),
        "startend:quotation" => Some(Box::new(ends::Quotation) as _),
        _ => return Err(format!("unknown constraint {id}")),
    };
    check.ok_or_else(|| format!("unreadable arguments of {id}"))
}

fn with<C: RuleCheck + DeserializeOwned + 'static>(kwargs: &Value) -> Option<Box<dyn RuleCheck>> {
    Some(Box::new(C::deserialize(kwargs).ok()?))
}
