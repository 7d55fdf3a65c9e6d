//! How `lm_eval` grades GSM8K (task `gsm8k`, version 3): two patterns for the answer, and a
//! comparison of texts.

use std::sync::LazyLock;

use regex::Regex;

/// `strict-match`: the first `#### ` with a number.
static STRICT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"#### (\-?[0-9\.\,]+)").ok());
/// `flexible-extract`: the last number.
static FLEXIBLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(-?[$0-9.,]{2,})|(-?[0-9]+)").ok());
/// What ends a completion of the task.
const STOPS: [&str; 3] = ["Question:", "</s>", "<|im_end|>"];
/// What stands for an answer that was not found.
const INVALID: &str = "[invalid]";

/// The two grades of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grades {
    /// What `strict-match` finds.
    pub strict: String,
    /// What `flexible-extract` finds.
    pub flexible: String,
}

impl Grades {
    pub(super) fn of(response: &str) -> Self {
        let end = STOPS.iter().filter_map(|stop| response.find(stop)).min();
        let response = &response[..end.unwrap_or(response.len())];
        let strict = STRICT.as_ref().and_then(|pattern| {
            let captures = pattern.captures(response)?;
            Some(captures.get(1)?.as_str().trim().to_owned())
        });
        let flexible = FLEXIBLE.as_ref().and_then(|pattern| {
            let found = pattern.find_iter(response).last()?;
            Some(found.as_str().trim().to_owned())
        });
        let or_invalid = |found: Option<String>| found.unwrap_or_else(|| INVALID.to_owned());
        Self {
            strict: or_invalid(strict),
            flexible: or_invalid(flexible),
        }
    }
}

/// `exact_match` of the task: deletes `,`, `$`, everything up to `#### ` and one final `.` from
/// both sides, and compares the texts in lower case.
pub(super) fn exact_match(answer: &str, target: &str) -> bool {
    normalized(answer) == normalized(target)
}

fn normalized(text: &str) -> String {
    let text = text.replace([',', '$'], "");
    let text = text.rsplit_once("#### ").map_or(&*text, |(_, rest)| rest);
    text.strip_suffix('.').unwrap_or(text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of the package 0.4.13 (`shared/reference/evaluation.md`, section 4).
    #[test]
    fn the_grades_are_those_of_the_package_also_where_they_are_wrong() {
        for (response, target, strict, flexible) in [
            ("...eggs.\n#### 18", "18", true, true),
            ("The answer is 18.", "18", false, true),
            ("It costs $29.00.", "29", false, false),
            ("#### $18", "18", false, true),
            ("12 apples, so he needs 3 bags of 4", "3", false, false),
            ("#### 5\n\nQuestion: 8", "5", true, true),
            ("#### 18\n#### 20", "18", true, false),
            ("The total is 5 ... done", "5", false, false),
            ("9{,}500", "9500", false, false),
            ("72, in total.", "72", false, true),
            ("**18**", "18", false, true),
            ("\\boxed{18}", "18", false, true),
            ("no number", "18", false, false),
        ] {
            let grades = Grades::of(response);
            let is_right = |answer: &str| exact_match(answer, target);
            assert_eq!(is_right(&grades.strict), strict, "strict: {response}");
            assert_eq!(is_right(&grades.flexible), flexible, "flexible: {response}");
        }
    }
}
