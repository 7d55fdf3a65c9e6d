//! The label that a reply gives. A reply gives one only if it is one: each of its lines is the
//! label, or stands before it (`Category:`), or begins as an explanation and takes nothing back.
//! Case, quotes, markdown and numbering do not matter. Nothing is guessed: an unclear reply is
//! asked for again.

use std::sync::LazyLock;

use regex::Regex;
use tpo_types::ChatReply;
use tpo_types::text::escape;

use super::categories::CategoryList;
use super::complexity::Complexity;
use super::names::{mentioned, words};

/// Words that say no. They decide only which reason is given.
const NEGATIONS: [&str; 11] = [
    "cannot", "except", "neither", "never", "no", "none", "nor", "not", "rather", "t", "without",
];
/// Words with which an explanation may take the label back, or may speak of another one.
const DOUBTS: &str = "\
    actually although another answer barely belong belongs best better but called cannot \
    categories category classified closer complexity correction could different except false far \
    fit fits hardly however incorrect instead label labeled labels may maybe mean meant might \
    mistake mistaken neither never no none nor not other otherwise perhaps prefer rather rating \
    reconsider score should sorry t than though unclear unless unsure wait while without would \
    wrong";
/// Numbers as words.
const NUMBER_WORDS: [&str; 11] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];
/// What may stand around a label.
const PAIRS: [(char, char); 14] = [
    ('*', '*'),
    ('_', '_'),
    ('`', '`'),
    ('"', '"'),
    ('\'', '\''),
    ('“', '”'),
    ('„', '“'),
    ('„', '”'),
    ('‘', '’'),
    ('«', '»'),
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('<', '>'),
];
/// Where a line of a reply ends.
const LINE_ENDS: [char; 7] = [
    '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
];
const CUT_OFF: &str = "the reply was cut off before its end";

/// The index of the category that a reply names, or why it names none.
pub(super) fn category(reply: &ChatReply, categories: &CategoryList) -> Result<usize, String> {
    let keys: Vec<String> = categories.iter().map(|one| key(&one.name)).collect();
    let names: Vec<Vec<String>> = categories.iter().map(|one| words(&one.name)).collect();
    let form = Form {
        head: &CATEGORY_HEAD,
        exact: &|text| {
            let text = key(text);
            keys.iter().position(|key| *key == text)
        },
        explains: &|label, text| {
            let described = label.and_then(|&index| categories[index].description.as_ref());
            explains(text) || described.is_some_and(|known| words(known) == words(text))
        },
    };
    let read = |line: &str| {
        let line = unmarked(line);
        let label = form.label(&line);
        Line {
            label: label.or_else(|| form.label(&NUMBERING.replace(&line, ""))),
            is_known: form.may_stand_beside(&line),
            mentions: mentioned(&words(&line), &names),
            words: words(&line),
        }
    };
    settle(lines(reply)?.map(read).collect(), reply.truncated).map_err(|unclear| {
        match unclear {
            Unclear::None => "the reply names no category of the list",
            Unclear::Several => "the reply names several categories",
            Unclear::Negated => "the reply names a category and says no",
            Unclear::AmongOthers => "the reply names a category among other words",
            Unclear::CutOff => CUT_OFF,
        }
        .to_owned()
    })
}

/// The complexity that a reply gives, or why it gives none.
pub(super) fn complexity(reply: &ChatReply) -> Result<Complexity, String> {
    let form = Form {
        head: &COMPLEXITY_HEAD,
        exact: &|text| Some(RATING.captures(plain(text))?.get(1)?.as_str().to_owned()),
        explains: &|_, text| explains(text) && !holds_number(text),
    };
    let read = |line: &str| {
        let line = unmarked(line);
        let numbers = without_scale(&line);
        Line {
            label: form.label(&line),
            is_known: form.may_stand_beside(&line),
            mentions: NUMBER
                .captures_iter(&numbers)
                .filter_map(|found| Some(found.get(1)?.as_str().to_owned()))
                .collect(),
            words: words(&line),
        }
    };
    let number = settle(lines(reply)?.map(read).collect(), reply.truncated).map_err(|unclear| {
        match unclear {
            Unclear::None => "the reply gives no number",
            Unclear::Several => "the reply gives several numbers",
            Unclear::Negated => "the reply gives a number and says no",
            Unclear::AmongOthers => "the reply gives a number among other words",
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

/// What may stand before a category, as in `The category is Math`.
static CATEGORY_HEAD: LazyLock<Regex> = LazyLock::new(|| head("(?:category|label|answer)"));
/// What may stand before a complexity, as in `Rating: 3`.
static COMPLEXITY_HEAD: LazyLock<Regex> =
    LazyLock::new(|| head(r"(?:complexity(?:\s+(?:level|rating|score))?|rating|score|answer)"));
/// The mark of a list or a heading.
static MARK: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:[-*•]|#{1,6})\s+"));
/// The number of an item of a list.
static NUMBERING: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:[0-9]{1,3}[.)]|\([0-9]{1,3}\))\s+"));
/// A hyphen within a name.
static HYPHEN: LazyLock<Regex> = LazyLock::new(|| regex(r"([^\W_])[-‐‑_]([^\W_])"));
/// What stands between a label and its explanation.
static SEPARATOR: LazyLock<Regex> = LazyLock::new(|| regex(r"\s*:\s+|\s+[-–]\s+|\s*—\s*|\s+\("));
/// The end of a sentence, or of a part that could stand alone.
static SENTENCE_END: LazyLock<Regex> = LazyLock::new(|| regex(r"[.!;:…–—]+|\s-+\s"));
/// How a sentence that explains begins.
static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?xi)^(?:because|since)\s+\S
        |^(?:(?:the|this)\s+(?:instruction|problem|prompt|question|request|task|user)|it)
            \s+(?:asks|contains|deals|involves|needs|requests|requires|wants)\s
        |^(?:explanation|justification|rationale|reason|reasoning)$",
    )
});
/// A number, perhaps with the scale after it.
static RATING: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(-?[0-9]+(?:[.,][0-9]+)?)(?:\s*/\s*5|\s+out\s+of\s+5)?$"));
/// A number that is no part of a word.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:^|[^\w.,])(-?\d+(?:[.,]\d+)?)\b"));
/// The scale, as in `from 1 to 5`.
static RANGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b1\s*(?:-|–|to|through)\s*5\b"));
/// The scale after a number, as in `3/5`.
static OUT_OF: LazyLock<Regex> = LazyLock::new(|| regex(r"(\d)\s*(?:/|out of|of)\s*5\b"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("a constant pattern: {error}"))
}

fn head(what: &str) -> Regex {
    regex(&format!(
        r"(?i)^(?:(?:the|my)\s+)?(?:(?:best|chosen|correct|final)\s+)?{what}(?:\s+is\b\s*:?|\s*:)"
    ))
}

fn without_scale(line: &str) -> String {
    OUT_OF
        .replace_all(&RANGE.replace_all(line, " "), "$1")
        .into_owned()
}

/// How a label of one kind is written.
struct Form<'a, T> {
    /// What may stand before it.
    head: &'a Regex,
    /// The label that a text is exactly.
    exact: &'a dyn Fn(&str) -> Option<T>,
    /// Whether a text only explains a label: the given one, or any.
    explains: &'a dyn Fn(Option<&T>, &str) -> bool,
}

impl<T> Form<'_, T> {
    /// The label that a line is, perhaps with words before it that only announce it and an
    /// explanation after it.
    fn label(&self, line: &str) -> Option<T> {
        let bare = |text: &str| (self.exact)(text).or_else(|| self.explained(text));
        bare(line).or_else(|| bare(&line[self.head.find(line)?.end()..]))
    }

    /// The label that a text begins with, if the rest explains it.
    fn explained(&self, text: &str) -> Option<T> {
        SEPARATOR.find_iter(text).find_map(|separator| {
            let label = (self.exact)(&text[..separator.start()])?;
            let mut rest = &text[separator.end()..];
            if separator.as_str().ends_with('(') {
                rest = rest.strip_suffix(')')?;
            }
            (self.explains)(Some(&label), rest).then_some(label)
        })
    }

    /// Whether a line without a label changes nothing: it only announces one or explains one.
    fn may_stand_beside(&self, line: &str) -> bool {
        let announces = |end| end == line.len() && line.ends_with(':');
        self.head
            .find(line)
            .is_some_and(|found| announces(found.end()))
            || (self.explains)(None, line)
    }
}

/// What a line of a reply holds.
struct Line<T> {
    /// The label, if the line is one.
    label: Option<T>,
    /// Whether the line may stand beside any label.
    is_known: bool,
    /// The labels that are named in it, whatever it says of them.
    mentions: Vec<T>,
    /// Its words.
    words: Vec<String>,
}

/// Why a reply does not give one label.
enum Unclear {
    None,
    Several,
    Negated,
    AmongOthers,
    CutOff,
}

/// The label that the lines of a reply give, if one of them is a label, no line names another one,
/// and it is known of every line that it changes nothing.
fn settle<T: PartialEq>(mut lines: Vec<Line<T>>, is_cut_off: bool) -> Result<T, Unclear> {
    if is_cut_off && let Some(last) = lines.last_mut() {
        // Its end might have been another label.
        last.is_known &= last.label.take().is_none();
    }
    let are_known = lines
        .iter()
        .all(|line| line.is_known || line.label.is_some());
    let says_no = lines
        .iter()
        .flat_map(|line| &line.words)
        .any(|word| NEGATIONS.contains(&word.as_str()));
    let (mut labels, mut mentions) = (Vec::new(), Vec::new());
    for line in lines {
        labels.extend(line.label);
        mentions.extend(line.mentions);
    }
    let label = labels.pop();
    let first = label.as_ref().or(mentions.first());
    let is_one = labels
        .iter()
        .chain(&mentions)
        .all(|other| Some(other) == first);
    match label {
        Some(label) if is_one && are_known => Ok(label),
        _ if is_cut_off => Err(Unclear::CutOff),
        None if mentions.is_empty() => Err(Unclear::None),
        _ if !is_one => Err(Unclear::Several),
        _ if says_no => Err(Unclear::Negated),
        _ => Err(Unclear::AmongOthers),
    }
}

/// The lines of an answer that hold something, without the thought of a model that thinks first.
fn lines(reply: &ChatReply) -> Result<impl Iterator<Item = &str>, String> {
    let answer = match reply.text.rsplit_once("</think>") {
        Some((_, answer)) => answer,
        None if reply.text.trim_start().starts_with("<think>") => return Err(CUT_OFF.into()),
        None => &reply.text,
    };
    if answer.trim().is_empty() {
        return Err("the reply is empty".into());
    }
    let is_rule = |c: char| c.is_whitespace() || "-*_=`#".contains(c);
    Ok(answer
        .split(LINE_ENDS)
        .filter(move |line| !line.chars().all(is_rule)))
}

/// A line without the marks of lists, headings and bold text, and without what stands around it.
fn unmarked(line: &str) -> String {
    let is_bold = line.matches("**").count().is_multiple_of(2);
    let line = if is_bold {
        line.replace("**", "")
    } else {
        line.to_owned()
    };
    plain(&MARK.replace(plain(&line), "")).to_owned()
}

/// A text without quotes, emphasis, brackets and spaces around it, and without its final period.
fn plain(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let period = || text.strip_suffix('.').filter(|rest| !rest.ends_with('.'));
        match unwrapped(text).or_else(period) {
            Some(inner) => text = inner.trim(),
            None => return text,
        }
    }
}

fn unwrapped(text: &str) -> Option<&str> {
    PAIRS
        .iter()
        .find_map(|&(open, close)| text.strip_prefix(open)?.strip_suffix(close))
}

/// A name as it is compared: no other sign than a hyphen may be missing, for `C++` is not `C`, and
/// `Math?` is a question.
fn key(name: &str) -> String {
    let name = plain(name)
        .to_lowercase()
        .replace('&', " and ")
        .replace('’', "'");
    let name = HYPHEN.replace_all(&name, "$1 $2");
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether each sentence of a text begins as an explanation, and no word takes a label back.
fn explains(text: &str) -> bool {
    let mut sentences = SENTENCE_END
        .split(text)
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
        .peekable();
    sentences.peek().is_some()
        && sentences.all(|sentence| OPENING.is_match(sentence))
        && !text.contains('?')
        && !words(text)
            .iter()
            .any(|word| DOUBTS.split(' ').any(|doubt| doubt == word))
}

/// Whether a text holds a number, as digits or as a word.
fn holds_number(text: &str) -> bool {
    text.contains(char::is_numeric)
        || words(text)
            .iter()
            .any(|word| NUMBER_WORDS.contains(&word.as_str()))
}

/// The start of a reply, for reports.
pub(super) fn quoted(reply: &ChatReply) -> String {
    escape(reply.text.trim())
}

#[cfg(test)]
mod tests;
