//! Which of a solution's numbers is its answer.
//!
//! What is marked as the answer is the answer: the last `\boxed{}`, else what follows the last
//! `####`, else the last phrase that announces one. A solution without any of these ends with it:
//! its last sentence is a calculation, or mentions the result of one, or else the answer is the
//! last number.

use crate::number::{Number, numbers};

/// Phrases that announce an answer, in lower case. At the beginning of a line `a:` does, too.
const PHRASES: [&str; 4] = ["final answer", "answer is", "answer:", "answer:**"];

/// The number that a solution gives as its answer.
pub(crate) fn final_number(text: &str) -> Option<Number> {
    let announced = boxed(text)
        .or_else(|| behind_hashes(text))
        .or_else(|| behind_phrase(text))
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

fn behind_hashes(text: &str) -> Option<&str> {
    let (_, after) = text.rsplit_once("####")?;
    after.lines().next()
}

/// What follows the last phrase that announces an answer: the rest of its line, or the next line if
/// that says nothing.
fn behind_phrase(text: &str) -> Option<&str> {
    // Lower case may have other lengths beyond ASCII, and places in it are places in the text.
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

/// The number of an announced answer: behind its last `=`, if it is a calculation, or else the
/// first one.
fn result(text: &str) -> Option<Number> {
    let calculated = text.rsplit_once('=').map_or(text, |(_, result)| result);
    let mut found = numbers(calculated);
    if found.is_empty() {
        found = numbers(text);
    }
    found.into_iter().next()
}
