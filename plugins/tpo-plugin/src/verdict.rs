//! Verdicts and ratings in a model's reply, read strictly.
//!
//! A judge that guesses at an unclear reply scores noise. These helpers therefore return a value
//! only if the reply has exactly one, and otherwise the short phrase for `unscored`.

use std::ops::RangeInclusive;

use crate::Preference;

/// The marks of a pairwise verdict and what they mean.
const MARKS: [(&str, Preference); 3] = [
    ("[[A]]", Preference::First),
    ("[[B]]", Preference::Second),
    ("[[C]]", Preference::Tie),
];

/// The verdict `[[A]]`, `[[B]]` or `[[C]]` (a tie) of a reply, the format of MT-Bench and the
/// self-taught evaluator. A mark may be repeated; two different marks are no verdict.
pub fn preference(reply: &str) -> Preference {
    let mut found = MARKS.iter().filter(|(mark, _)| reply.contains(mark));
    match (found.next(), found.next()) {
        (Some((_, preference)), None) => preference.clone(),
        (Some(_), Some(_)) => Preference::Unscored("contradictory verdicts".into()),
        (None, _) => Preference::Unscored("no verdict".into()),
    }
}

/// The number after the last `marker` of a reply, for example `Score:`, if it is on `scale`. `7/10`
/// is 7 on a scale that ends with 10; `[[7]]` and `**7**` are 7. The error is the phrase for
/// `unscored`.
pub fn rating(reply: &str, marker: &str, scale: RangeInclusive<f64>) -> Result<f64, String> {
    let (_, after) = reply.rsplit_once(marker).ok_or("no rating")?;
    let after = after.trim_start_matches(|c: char| c.is_whitespace() || "*[(`\"".contains(c));
    let end = after
        .find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c))
        .unwrap_or(after.len());
    // A period after the number ends the sentence.
    let number: f64 = after[..end]
        .trim_end_matches('.')
        .parse()
        .map_err(|_| "no rating")?;
    let rest = after[end..].trim_start_matches(|c: char| "*])`\"".contains(c));
    let out_of = rest.trim_start();
    let out_of = out_of
        .strip_prefix('/')
        .or_else(|| out_of.strip_prefix("out of "));
    if let Some(out_of) = out_of {
        let out_of = out_of.trim_start_matches(|c: char| c.is_whitespace() || "*[(".contains(c));
        let digits = out_of
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(out_of.len());
        if out_of[..digits].parse() != Ok(*scale.end()) {
            return Err("rating on another scale".into());
        }
    } else if !after[..end].ends_with('.') && is_one_of_two(rest) {
        return Err("no rating".into());
    }
    if scale.contains(&number) {
        Ok(number)
    } else {
        Err("rating off the scale".into())
    }
}

/// Whether what follows a number makes it a part of another one, such as `1e1` or `4,5`, or the
/// first of two, such as `3 or 4`.
fn is_one_of_two(rest: &str) -> bool {
    const JOINING: [&str; 8] = [
        "or", "to", "and", "vs", "maybe", "perhaps", "possibly", "even",
    ];
    const NUMBERS: [&str; 10] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    if rest.starts_with(char::is_alphanumeric) {
        return true;
    }
    let mut rest = rest;
    let mut is_joined = false;
    loop {
        // A new line begins another sentence.
        rest = rest.trim_start_matches(|c: char| c != '\n' && !c.is_alphanumeric());
        let end = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        let word = rest[..end].to_lowercase();
        if JOINING.contains(&&*word) {
            is_joined = true;
            rest = &rest[end..];
        } else {
            return rest.starts_with(|c: char| c.is_ascii_digit())
                || is_joined && NUMBERS.contains(&&*word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unscored(why: &str) -> Preference {
        Preference::Unscored(why.into())
    }

    #[test]
    fn a_single_verdict_is_a_preference() {
        assert_eq!(preference("A is better. [[A]]"), Preference::First);
        assert_eq!(
            preference("[[B]]\nFinal verdict: [[B]]"),
            Preference::Second
        );
        assert_eq!(preference("[[C]]"), Preference::Tie);
    }

    #[test]
    fn anything_else_is_no_verdict() {
        assert_eq!(
            preference("[[A]] or rather [[B]]"),
            unscored("contradictory verdicts")
        );
        for reply in [
            "",
            "A",
            "[A]",
            "[[D]]",
            "[[a]]",
            "Die Antwort A ist besser.",
            "{\"verdict\": \"[[",
        ] {
            assert_eq!(preference(reply), unscored("no verdict"), "{reply}");
        }
    }

    #[test]
    fn ratings_are_read_as_models_write_them() {
        for reply in [
            "Score: 7",
            "Score: 7.",
            "Score: **7**/10",
            "Score: [[7]]",
            "Score: 3, no, Score: 7/10 because",
            "Score:7.0",
            "Score: 7, because it is short",
            "Score: 7 or so",
            "Score: 7 out of 10",
            "Score: **7** out of **10**, for 3 reasons",
            "Score: 7 - because of 3 errors",
            "Score: 7 to the point",
            "Score: 7, and even brief",
            "Score: 7\n\n1. It is short.",
            "Score: 7. 3 errors.",
        ] {
            assert_eq!(rating(reply, "Score:", 1.0..=10.0), Ok(7.0), "{reply}");
        }
        assert_eq!(rating("Score: 7.5/10", "Score:", 1.0..=10.0), Ok(7.5));
    }

    #[test]
    fn anything_else_is_no_rating() {
        let cases = [
            ("Score: 11/10", "rating off the scale"),
            ("Score: -1", "rating off the scale"),
            ("Score: 4/5", "rating on another scale"),
            ("Score: 4 out of 5", "rating on another scale"),
            ("Score: seven", "no rating"),
            ("Score: 1e1", "no rating"),
            ("Score: 7th", "no rating"),
            ("Score: 4,5", "no rating"),
            ("Score: 3 or 4", "no rating"),
            ("Score: **3** to 4", "no rating"),
            ("Score: [[3]] or [[4]]", "no rating"),
            ("Score: 3, or maybe four", "no rating"),
            ("Score: 3 – 4", "no rating"),
            ("Score: 3 (or 4)", "no rating"),
            ("Score: 3 1/2", "no rating"),
            ("Score: 1-10", "no rating"),
            ("Score: 7.5.1", "no rating"),
            ("Score: inf", "no rating"),
            ("Score:", "no rating"),
            ("7", "no rating"),
        ];
        for (reply, why) in cases {
            assert_eq!(
                rating(reply, "Score:", 1.0..=10.0),
                Err(why.into()),
                "{reply}"
            );
        }
    }
}
