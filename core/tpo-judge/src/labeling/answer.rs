//! The label that a reply gives. Case, quotes, markdown, numbering and a few words around it do not
//! matter. Between two labels nothing is guessed.

use std::sync::LazyLock;

use regex::Regex;
use tpo_types::ChatReply;
use tpo_types::text::escape;

use super::categories::CategoryList;
use super::complexity::Complexity;
use super::names::{mentioned, words};

/// Words that may stand before a label in its line.
const FILLERS: [&str; 24] = [
    "a",
    "answer",
    "as",
    "belongs",
    "best",
    "category",
    "chosen",
    "complexity",
    "correct",
    "final",
    "in",
    "instruction",
    "is",
    "it",
    "label",
    "level",
    "my",
    "name",
    "rating",
    "reply",
    "score",
    "the",
    "this",
    "to",
];
/// Words that make a label one that is not meant, perhaps.
const NEGATIONS: [&str; 11] = [
    "cannot", "except", "neither", "never", "no", "none", "nor", "not", "rather", "t", "without",
];

/// The index of the category that a reply names, or why it names none.
pub(super) fn category(reply: &ChatReply, categories: &CategoryList) -> Result<usize, String> {
    let names: Vec<Vec<String>> = categories
        .iter()
        .map(|category| words(&category.name))
        .collect();
    let lines = lines(reply)?.map(|line| {
        let words = words(line);
        let labels = mentioned(&words, &names);
        Line {
            exact: exact_name(&words, &names),
            is_filler: labels.is_empty() && words.iter().all(|word| is_filler(word)),
            labels,
            words,
        }
    });
    settle(lines.collect(), reply.truncated).map_err(|unclear| {
        match unclear {
            Unclear::None => "the reply names no category of the list",
            Unclear::Several => "the reply names several categories",
            Unclear::Negated => "the reply names a category and says no",
            Unclear::CutOff => CUT_OFF,
        }
        .to_owned()
    })
}

/// The complexity that a reply gives, or why it gives none.
pub(super) fn complexity(reply: &ChatReply) -> Result<Complexity, String> {
    let lines = lines(reply)?.map(|line| {
        let line = without_scale(line);
        let numbers: Vec<&str> = NUMBER
            .captures_iter(&line)
            .filter_map(|found| Some(found.get(1)?.as_str()))
            .collect();
        let others = words(&NUMBER.replace_all(&line, " "));
        let is_filler = others.iter().all(|word| is_filler(word));
        let labels: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
        Line {
            exact: labels
                .first()
                .filter(|_| is_filler && labels.len() == 1)
                .cloned(),
            is_filler: is_filler && labels.is_empty(),
            labels,
            words: others,
        }
    });
    let number = settle(lines.collect(), reply.truncated).map_err(|unclear| {
        match unclear {
            Unclear::None => "the reply gives no number",
            Unclear::Several => "the reply gives several numbers",
            Unclear::Negated => "the reply gives a number and says no",
            Unclear::CutOff => CUT_OFF,
        }
        .to_owned()
    })?;
    number
        .replace(',', ".")
        .parse()
        .ok()
        .and_then(Complexity::from_number)
        .ok_or_else(|| "the reply gives a number that is not a whole one from 1 to 5".to_owned())
}

const CUT_OFF: &str = "the reply was cut off before its end";

/// A number that is no part of a word.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:^|[^\w.,])(-?\d+(?:[.,]\d+)?)\b"));
/// The scale, as in `from 1 to 5`.
static RANGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b1\s*(?:-|–|to|through)\s*5\b"));
/// The scale after a number, as in `3/5`.
static OUT_OF: LazyLock<Regex> = LazyLock::new(|| regex(r"(\d)\s*(?:/|out of|of)\s*5\b"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("a constant pattern: {error}"))
}

fn without_scale(line: &str) -> String {
    OUT_OF
        .replace_all(&RANGE.replace_all(line, " "), "$1")
        .into_owned()
}

/// What a line of a reply holds.
struct Line<T> {
    /// The label, if the line holds nothing else that matters.
    exact: Option<T>,
    /// Whether the line could stand before any label.
    is_filler: bool,
    /// The labels in it.
    labels: Vec<T>,
    /// Its words.
    words: Vec<String>,
}

/// Why a reply does not give one label.
enum Unclear {
    None,
    Several,
    Negated,
    CutOff,
}

/// The label that the lines of a reply give: that of the first line if it holds nothing else, an
/// explanation may follow; or else the only one that is anywhere in the reply.
fn settle<T: Clone + PartialEq>(lines: Vec<Line<T>>, is_cut_off: bool) -> Result<T, Unclear> {
    let mut lines: Vec<Line<T>> = lines
        .into_iter()
        .skip_while(|line| line.is_filler)
        .collect();
    lines.retain(|line| !line.words.is_empty() || !line.labels.is_empty());
    if let Some(Some(first)) = lines.first().map(|line| &line.exact) {
        let others = lines.iter().filter_map(|line| line.exact.as_ref());
        return if others.clone().all(|other| other == first) {
            Ok(first.clone())
        } else {
            Err(Unclear::Several)
        };
    }
    if is_cut_off {
        return Err(Unclear::CutOff);
    }
    let mut labels = lines.iter().flat_map(|line| &line.labels);
    let first = labels.next().ok_or(Unclear::None)?;
    if labels.any(|other| other != first) {
        return Err(Unclear::Several);
    }
    let mut words = lines.iter().flat_map(|line| &line.words);
    if words.any(|word| NEGATIONS.contains(&word.as_str())) {
        return Err(Unclear::Negated);
    }
    Ok(first.clone())
}

/// The lines of an answer, without the thought of a model that thinks first.
fn lines(reply: &ChatReply) -> Result<impl Iterator<Item = &str>, String> {
    let answer = match reply.text.rsplit_once("</think>") {
        Some((_, answer)) => answer,
        None if reply.text.trim_start().starts_with("<think>") => return Err(CUT_OFF.into()),
        None => &reply.text,
    };
    if answer.trim().is_empty() {
        return Err("the reply is empty".into());
    }
    Ok(answer.lines())
}

/// The longest name that a line ends with and that only fillers precede.
fn exact_name(line: &[String], names: &[Vec<String>]) -> Option<usize> {
    let precedes = |name: &Vec<String>| Some(line.strip_suffix(name.as_slice())?.to_vec());
    names
        .iter()
        .enumerate()
        .filter(|(_, name)| {
            precedes(name).is_some_and(|before| before.iter().all(|word| is_filler(word)))
        })
        .max_by_key(|(_, name)| name.len())
        .map(|(index, _)| index)
}

fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word) || word.chars().all(|c| c.is_ascii_digit())
}

/// The start of a reply, for reports.
pub(super) fn quoted(reply: &ChatReply) -> String {
    escape(reply.text.trim())
}

#[cfg(test)]
mod tests {
    use super::super::categories::Category;
    use super::*;

    fn reply(text: &str) -> ChatReply {
        ChatReply {
            text: text.into(),
            truncated: false,
            top_log_probs: Vec::new(),
            prompt_tokens: 0,
            completion_tokens: 0,
        }
    }

    fn named(text: &str) -> Result<String, String> {
        let categories = [
            "Math and Calculations",
            "Writing",
            "Creative Writing",
            "Other",
        ];
        let list = CategoryList::new(categories.map(Category::named).to_vec()).expect("a list");
        category(&reply(text), &list).map(|index| list[index].name.clone())
    }

    #[test]
    fn a_category_is_read_however_it_is_written() {
        for text in [
            "Math and Calculations",
            "math & calculations.",
            "**Math and Calculations**",
            "\"Math and Calculations\"",
            "3. Math and Calculations",
            "- `Math and Calculations`",
            "Category: Math and Calculations",
            "Category:\nMath and Calculations",
            "The category is **Math and Calculations**.\n\nIt is not writing.",
            "This instruction falls under the category \"Math and Calculations\".",
            "Math and Calculations: numbers and formulas",
            "<think>Writing? No.</think>\n\nMath and Calculations",
        ] {
            assert_eq!(
                named(text).as_deref(),
                Ok("Math and Calculations"),
                "{text}"
            );
        }
        assert_eq!(named("Creative Writing").as_deref(), Ok("Creative Writing"));
        assert_eq!(named("Other").as_deref(), Ok("Other"));
    }

    #[test]
    fn nothing_is_guessed_between_categories() {
        for (text, why) in [
            ("", "the reply is empty"),
            ("Math", "the reply names no category of the list"),
            ("4", "the reply names no category of the list"),
            ("None of them", "the reply names no category of the list"),
            (
                "Writing or Math and Calculations",
                "the reply names several categories",
            ),
            ("Writing\nOther", "the reply names several categories"),
            (
                "This is not creative writing.",
                "the reply names a category and says no",
            ),
            ("It isn't writing", "the reply names a category and says no"),
            (
                "<think>Writing, I would say",
                "the reply was cut off before its end",
            ),
        ] {
            assert_eq!(named(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_reply_that_was_cut_off_counts_if_it_began_with_the_label() {
        let list = CategoryList::new(vec![Category::named("Writing")]).expect("a list");
        let cut = |text: &str| {
            let reply = ChatReply {
                truncated: true,
                ..reply(text)
            };
            category(&reply, &list)
        };
        assert_eq!(cut("Writing\nbecause it"), Ok(0));
        assert_eq!(cut("I would say Writing, but"), Err(CUT_OFF.to_owned()));
    }

    #[test]
    fn a_complexity_is_read_however_it_is_written() {
        for text in [
            "3",
            "3.",
            " **3** ",
            "3/5",
            "3 out of 5",
            "Complexity: 3",
            "complexity level: 3.0",
            "- 3",
            "On a scale from 1 to 5, this is a 3.",
            "3\n\nIt takes 2 steps.",
            "3: several steps",
            "<think>1 or 2?</think>3",
        ] {
            let read = complexity(&reply(text)).map(Complexity::get);
            assert_eq!(read, Ok(3), "{text}");
        }
        let five = complexity(&reply("It has a complexity of 5.")).map(Complexity::get);
        assert_eq!(five, Ok(5));
    }

    #[test]
    fn a_number_outside_the_scale_is_no_complexity() {
        let outside = "the reply gives a number that is not a whole one from 1 to 5";
        for (text, why) in [
            ("7", outside),
            ("0", outside),
            ("-3", outside),
            ("2.5", outside),
            ("99999999999999999999999999", outside),
            ("3 or 4", "the reply gives several numbers"),
            ("3-4", "the reply gives several numbers"),
            ("3/10", "the reply gives several numbers"),
            ("1\n2\n3\n4\n5", "the reply gives several numbers"),
            (
                "It is hardly a 3, no.",
                "the reply gives a number and says no",
            ),
            ("high", "the reply gives no number"),
            ("3rd", "the reply gives no number"),
            ("1 to 5", "the reply gives no number"),
        ] {
            assert_eq!(complexity(&reply(text)), Err(why.to_owned()), "{text}");
        }
    }
}
