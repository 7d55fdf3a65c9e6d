//! Finds the number that a solution gives as its answer.
//!
//! A marked answer comes first: the last `\boxed{}`, else the text after the last `####`, else the
//! text after the last phrase that announces an answer. Without any of these the answer is in the
//! last sentence with a number: the result of its calculation, else the result of an earlier one
//! that it mentions, else its last number.

use crate::number::{Number, numbers};

/// Phrases that announce an answer, in lower case. So does `a:` at the beginning of a line.
const PHRASES: [&str; 4] = ["final answer", "answer is", "answer:", "answer:**"];

/// The number that a solution gives as its answer.
pub(crate) fn final_number(text: &str) -> Option<Number> {
    let announced = boxed(text)
        .or_else(|| after_hashes(text))
        .or_else(|| after_phrase(text))
        .and_then(result);
    announced.or_else(|| at_the_end(text))
}

fn at_the_end(text: &str) -> Option<Number> {
    let sentences = || text.lines().flat_map(|line| line.split(". "));
    let last = sentences()
        .filter(|sentence| !numbers(sentence).is_empty())
        .last()?;
    if let Some((_, result)) = last.rsplit_once('=')
        && let Some(number) = numbers(result).into_iter().next()
    {
        return Some(number);
    }
    let results: Vec<Number> = text
        .split('=')
        .skip(1)
        .filter_map(|after| numbers(after).into_iter().next())
        .collect();
    let is_result = |number: &Number| results.iter().any(|result| number.is_near(*result, 0.0));
    let mentioned = numbers(last);
    mentioned
        .iter()
        .rev()
        .copied()
        .find(is_result)
        .or(mentioned.last().copied())
}

/// The inside of the last `\boxed{}`.
fn boxed(text: &str) -> Option<&str> {
    let (_, inside) = text.rsplit_once("\\boxed{")?;
    let mut depth = 1;
    let end = inside.find(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    Some(&inside[..end])
}

fn after_hashes(text: &str) -> Option<&str> {
    let (_, after) = text.rsplit_once("####")?;
    after.lines().next()
}

/// The text after the last phrase that announces an answer: the rest of its line, or else the next
/// line that has a digit.
fn after_phrase(text: &str) -> Option<&str> {
    // ASCII only: other lower-case letters may differ in length, and offsets must fit the text.
    let lower = text.to_ascii_lowercase();
    let phrase = PHRASES
        .into_iter()
        .filter_map(|phrase| Some(lower.rfind(phrase)? + phrase.len()))
        .max();
    let short = lower
        .rfind("\na:")
        .map(|at| at + 3)
        .or_else(|| lower.starts_with("a:").then_some(2));
    let after = &text[phrase.max(short)?..];
    after
        .lines()
        .find(|line| line.contains(|c: char| c.is_ascii_digit()))
}

/// The number of an announced answer: the result of its last `=`, if it is a calculation, else the
/// first number.
fn result(text: &str) -> Option<Number> {
    let calculated = text.rsplit_once('=').map_or(text, |(_, result)| result);
    let mut found = numbers(calculated);
    if found.is_empty() {
        found = numbers(text);
    }
    found.into_iter().next()
}
