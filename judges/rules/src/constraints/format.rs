//! The shape of a response: lists, headings, JSON and fixed phrases.

use serde::Deserialize;

use crate::answer::ResponseText;
use crate::grade::{Grade, Relation, RuleCheck};

/// An exact number of bullet points: lines that begin with `-`, or with `*` but not `**`.
#[derive(Deserialize)]
pub(crate) struct Bullets {
    num_bullets: usize,
}

impl RuleCheck for Bullets {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let is_bullet = |line: &&str| {
            let line = line.trim_start();
            line.starts_with('-')
                || line
                    .strip_prefix('*')
                    .is_some_and(|rest| !rest.starts_with('*'))
        };
        Grade::exactly(
            answer.text.lines().filter(is_bullet).count(),
            self.num_bullets,
        )
    }
}

/// A smallest number of highlighted passages: `*so*` or `**so**`.
#[derive(Deserialize)]
pub(crate) struct Highlights {
    num_highlights: usize,
}

impl RuleCheck for Highlights {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let found = answer
            .text
            .lines()
            .map(|line| highlights(line, "*") + highlights(line, "**"))
            .sum();
        Relation::AtLeast.grade(found, self.num_highlights)
    }
}

/// Passages between two marks that contain no star and are not blank.
fn highlights(mut line: &str, mark: &str) -> usize {
    let mut count = 0;
    while let Some((_, rest)) = line.split_once(mark) {
        let inside = &rest[..rest.find('*').unwrap_or(rest.len())];
        line = match rest[inside.len()..].strip_prefix(mark) {
            Some(after) => {
                count += usize::from(!inside.trim().is_empty());
                after
            }
            None => rest,
        };
    }
    count
}

/// A smallest number of sections, each introduced by a word and a number.
#[derive(Deserialize)]
pub(crate) struct Sections {
    section_spliter: String,
    num_sections: usize,
}

impl RuleCheck for Sections {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let opens = |rest: &str| {
            let number = rest.strip_prefix(char::is_whitespace).unwrap_or(rest);
            number.starts_with(|c: char| c.is_ascii_digit())
        };
        let found = answer
            .text
            .split(self.section_spliter.trim())
            .skip(1)
            .filter(|rest| opens(rest))
            .count();
        Relation::AtLeast.grade(found, self.num_sections)
    }
}

/// Only JSON; a Markdown fence around it is allowed.
pub(crate) struct Json;

impl RuleCheck for Json {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let text = unfenced(answer.text.trim());
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Grade::Kept,
            Err(error) => {
                Grade::Missed(read_before(&error, text) as f64 / text.len().max(1) as f64)
            }
        }
    }
}

fn unfenced(text: &str) -> &str {
    let open = ["```json", "```Json", "```JSON", "```"]
        .iter()
        .find_map(|fence| text.strip_prefix(fence));
    let text = open.unwrap_or(text);
    text.strip_suffix("```").unwrap_or(text).trim()
}

/// How many bytes before the error are JSON.
fn read_before(error: &serde_json::Error, text: &str) -> usize {
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// A title in double angle brackets.
pub(crate) struct Title;

impl RuleCheck for Title {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let half = || {
            if answer.text.contains("<<") || answer.text.contains(">>") {
                0.5
            } else {
                0.0
            }
        };
        Grade::of(answer.text.lines().any(has_title), half)
    }
}

fn has_title(line: &str) -> bool {
    let inside = || {
        line.split_once("<<")?
            .1
            .rsplit_once(">>")
            .map(|(inside, _)| inside)
    };
    inside().is_some_and(|inside| {
        !inside
            .trim_start_matches('<')
            .trim_end_matches('>')
            .trim()
            .is_empty()
    })
}

/// One of three fixed answers.
pub(crate) struct YesNoMaybe;

impl RuleCheck for YesNoMaybe {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let says = |word: &str| answer.text.contains(&format!("My answer is {word}."));
        let half = || {
            if answer.lower.contains("my answer is") {
                0.5
            } else {
                0.0
            }
        };
        Grade::of(["yes", "no", "maybe"].into_iter().any(says), half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(check: &impl RuleCheck, text: &str) -> Grade {
        check.grade(&ResponseText::new(text).expect("not empty"))
    }

    #[test]
    fn bold_is_no_bullet() {
        let two = Bullets { num_bullets: 2 };
        assert_eq!(grade(&two, "* a\n  - b\n**c**\nd - e"), Grade::Kept);
        assert_eq!(grade(&two, "* a"), Grade::Missed(0.5));
    }

    #[test]
    fn highlights_are_single_or_double_stars() {
        let count = |line| highlights(line, "*") + highlights(line, "**");
        assert_eq!(
            ["*a* b **c**", "** **", "*a", "**a*", "* a * b"].map(count),
            [2, 0, 0, 0, 1]
        );
    }

    #[test]
    fn json_may_be_fenced_and_a_prefix_of_json_is_near() {
        assert_eq!(grade(&Json, "```json\n{\"a\": 1}\n```"), Grade::Kept);
        assert_eq!(grade(&Json, "Here is {}"), Grade::Missed(0.0));
        assert!(matches!(grade(&Json, "{\"a\": 1,\n\"b\": "), Grade::Missed(near) if near > 0.8));
    }

    #[test]
    fn sections_are_a_word_and_a_number() {
        let two = Sections {
            section_spliter: "SECTION".into(),
            num_sections: 2,
        };
        assert_eq!(grade(&two, "SECTION 1 a SECTION2 b"), Grade::Kept);
        assert_eq!(grade(&two, "SECTION 1 a SECTION b"), Grade::Missed(0.5));
    }

    #[test]
    fn a_title_has_text() {
        assert_eq!(
            ["<<a>>", "x <<a>> y", "<<>>", "<< >>", "<a>"].map(has_title),
            [true, true, false, false, false]
        );
    }
}
