//! A judge of short answers: 1 if a response is one of the reference answers, else 0.
//!
//! It ignores letter case, punctuation and English articles, as SQuAD's exact match does.

use std::ops::RangeInclusive;

use serde::Deserialize;
use tpo_plugin::reference::{against_answers, normalized_words};
use tpo_plugin::{Error, Group, JsonSchema, Judge, Judgment, Plugin, Scored, schemars};

/// How responses are compared with answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The field of the data set's row that lists the accepted answers. If a row has none, its
    /// reference is the answer.
    answers_field: String,
    /// Also accept a response that contains the answer.
    contained: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            answers_field: "answers".into(),
            contained: false,
        }
    }
}

struct Exact(Config);

impl Plugin for Exact {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }

    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        Some(0.0..=1.0)
    }
}

impl Judge for Exact {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let accept = |answers: &[String]| {
            let answers: Vec<_> = answers
                .iter()
                .map(|answer| normalized_words(answer))
                .collect();
            if answers.iter().any(Vec::is_empty) {
                Err("no word in the reference answer")
            } else {
                Ok(answers)
            }
        };
        Ok(against_answers(
            groups,
            &self.0.answers_field,
            accept,
            |answers, response| {
                let given = normalized_words(response);
                let is_right = answers.iter().any(|answer| self.matches(&given, answer));
                Scored::pass_fail(is_right)
            },
        ))
    }
}

impl Exact {
    fn matches(&self, given: &[String], answer: &[String]) -> bool {
        given == answer
            || self.0.contained && given.windows(answer.len()).any(|part| part == answer)
    }
}

tpo_plugin::export_judge!(Exact);

#[cfg(test)]
mod tests {
    use tpo_plugin::Instruction;

    use super::*;

    fn values(contained: bool, reference: &str, responses: &[&str]) -> Vec<String> {
        let instruction = Instruction {
            reference: Some(reference.into()),
            ..Instruction::default()
        };
        let group = Group {
            instruction,
            responses: responses.iter().map(ToString::to_string).collect(),
        };
        let judge = Exact::new(Config {
            contained,
            ..Config::default()
        })
        .unwrap();
        let judgments = judge.score(&[group]).unwrap().remove(0);
        let value = |judgment| match judgment {
            Judgment::Score(scored) => scored.value.to_string(),
            Judgment::Unscored(reason) => reason,
        };
        judgments.into_iter().map(value).collect()
    }

    #[test]
    fn an_answer_is_the_same_in_other_letters() {
        let responses = ["paris", "The Paris!", "It is Paris.", "Parisian", ""];
        assert_eq!(
            values(false, "Paris", &responses),
            ["1", "1", "0", "0", "0"]
        );
        assert_eq!(values(true, "Paris", &responses), ["1", "1", "1", "0", "0"]);
    }

    #[test]
    fn an_answer_without_words_is_none() {
        assert_eq!(
            values(true, "the.", &["x"]),
            ["no word in the reference answer"]
        );
    }
}
