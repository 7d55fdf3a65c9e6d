//! Finds the choice that a text makes.
//!
//! An explicit statement comes first, see `statement`. Then marks: a choice in bold, at the
//! beginning or alone on the last line; these must not contradict each other. Then the wording of a
//! choice, if the wording of exactly one occurs.

use std::ops::Range;

use crate::choices::{Choices, Label, is_article};
use crate::reader::{Answer, Reader};
use crate::statement::DENIALS;
use crate::token::LINE_END;

/// Words that may come before a choice on a line that says nothing else: "So I think it must be B."
const FILLERS: &str = "\
    so thus therefore hence it it's that's is must would be the my final correct right best \
    option choice answer \
    letter number i i'd say think believe guess probably definitely likely most";
/// Words and marks that may follow a choice at the beginning of a response.
const ENDS: &str = ") ] . : ; , - – — \n because since as";

/// The choice that a text makes, if it makes one.
pub(crate) fn answer(text: &str, choices: &Choices) -> Option<Answer> {
    let reader = Reader::new(text.trim(), choices);
    reader
        .stated()
        .or_else(|| marked(text, &reader))
        .or_else(|| said(&reader))
}

/// The choice that a reference answer names: its label, its wording, or a whole solution that ends
/// with it.
pub(crate) fn choice_of(reference: &str, choices: &Choices) -> Option<Label> {
    match answer(reference, choices) {
        Some(Answer::Choice(label)) => Some(label),
        Some(Answer::Several) | None => None,
    }
}

/// A choice that is marked, without a statement.
fn marked(text: &str, reader: &Reader) -> Option<Answer> {
    let marked = [
        in_bold(text, reader.choices),
        at_the_beginning(reader),
        on_the_last_line(reader),
    ];
    agreement(marked.into_iter().flatten())
}

/// The common answer, or several if they differ.
fn agreement(answers: impl Iterator<Item = Answer>) -> Option<Answer> {
    answers.reduce(|one, other| if one == other { one } else { Answer::Several })
}

/// The choice in bold, if it is the only one: a response that discusses all choices may set each in
/// bold.
fn in_bold(text: &str, choices: &Choices) -> Option<Answer> {
    let parts: Vec<&str> = text.split("**").collect();
    // The middle one of three is in bold.
    let bold = parts
        .windows(3)
        .step_by(2)
        .filter(|parts| !parts[2].starts_with(char::is_alphanumeric));
    let mut answers =
        bold.filter_map(|parts| at_the_beginning(&Reader::new(parts[1].trim(), choices)));
    let first = answers.next()?;
    answers.all(|answer| answer == first).then_some(first)
}

/// The label at the beginning of the text, or of a line after a colon, unless a list of all choices
/// begins there.
fn at_the_beginning(reader: &Reader) -> Option<Answer> {
    let lines = lines(reader);
    let is_announced = |n: &usize| *n == 0 || reader.text(lines[*n - 1].end - 1) == ":";
    let begins = |n: usize| {
        let at = reader.after(lines[n].start, "( [ # - option choice answer");
        // "I, for one" begins with a pronoun.
        let is_pronoun = reader.text(at) == "i" && reader.text(at + 1) == ",";
        let is_listed = lines
            .get(n + 1)
            .is_some_and(|next| continues(reader, &lines[n], next));
        let is_label = reader.label(at).is_some() && !is_pronoun && !is_listed && !reader.lists(at);
        let is_end = at + 1 == reader.lexemes.len() || reader.is_any(at + 1, ENDS);
        let answer = if is_label { reader.answer(at) } else { None };
        answer.filter(|answer| is_end || *answer == Answer::Several)
    };
    (0..lines.len()).filter(is_announced).find_map(begins)
}

/// The choice that is alone on the last line, unless it ends a list of choices.
fn on_the_last_line(reader: &Reader) -> Option<Answer> {
    let lines = lines(reader);
    let (last, above) = lines.split_last()?;
    let is_listed = above
        .last()
        .is_some_and(|above| continues(reader, above, last));
    if is_listed { None } else { alone(reader, last) }
}

/// Whether two lines are each a single choice, and the second comes next in a list.
fn continues(reader: &Reader, line: &Range<usize>, next: &Range<usize>) -> bool {
    match (alone(reader, line), alone(reader, next)) {
        (Some(Answer::Choice(label)), Some(Answer::Choice(next))) => label.next() == next,
        _ => false,
    }
}

/// The choice of a line that says nothing else.
fn alone(reader: &Reader, line: &Range<usize>) -> Option<Answer> {
    let is_choice = |at: usize| {
        let end = reader.end_of_choice(at)?;
        (end..line.end)
            .all(|at| !reader.is_word(at))
            .then(|| reader.answer(at))
    };
    let is_filler = |at: usize| !reader.is_word(at) || reader.is_any(at, FILLERS);
    let at = line
        .clone()
        .find(|at| is_choice(*at).is_some() || !is_filler(*at))?;
    is_choice(at).flatten()
}

/// The choice whose wording occurs, or several.
fn said(reader: &Reader) -> Option<Answer> {
    let is_denied = |at: usize| {
        let before = if at > 0 && is_article(reader.text(at - 1)) {
            at - 1
        } else {
            at
        };
        before > 0 && reader.is_any(before - 1, DENIALS)
    };
    let said = reader
        .all_said()
        .into_iter()
        .filter(|said| !is_denied(said.at));
    agreement(said.map(|said| Answer::Choice(said.label)))
}

/// The lines that are not empty.
fn lines(reader: &Reader) -> Vec<Range<usize>> {
    let ends = (0..=reader.lexemes.len())
        .filter(|at| *at == reader.lexemes.len() || reader.text(*at) == LINE_END);
    let mut start = 0;
    let lines = ends.map(|end| std::mem::replace(&mut start, end + 1)..end);
    lines.filter(|line| !line.is_empty()).collect()
}
