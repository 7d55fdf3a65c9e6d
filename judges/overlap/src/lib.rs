//! A judge that compares the words of a response with a reference answer: how many occur in both,
//! or how many in the same order.
//!
//! Words are those of SQuAD's evaluation. It is cheap, and copying fools it.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde::Deserialize;
use tpo_plugin::reference::{against_answers, normalized_words};
use tpo_plugin::{
    Error, Group, JsonSchema, Judge, Judgment, Plugin, Scored, each_response, schemars,
};

/// How responses are compared with answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// What a response is compared with.
    against: Against,
    /// The field of the data set's row that lists the accepted answers. If a row has none, its
    /// reference is the answer.
    answers_field: String,
    /// Which words count as common.
    measure: Measure,
}

/// What a response is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Against {
    /// The reference answers.
    #[default]
    Reference,
    /// The instruction: whether a response is about it at all, if there is no reference answer.
    Instruction,
}

/// Which words count as common.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Measure {
    /// All, in any order: the F1 of SQuAD.
    #[default]
    F1,
    /// Those of the longest common subsequence: the F-measure of ROUGE-L.
    RougeL,
}

const ANSWERS_FIELD: &str = "answers";

impl Default for Config {
    fn default() -> Self {
        Self {
            against: Against::default(),
            answers_field: ANSWERS_FIELD.into(),
            measure: Measure::default(),
        }
    }
}

struct Overlap(Config);

impl Plugin for Overlap {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        if config.against == Against::Instruction && config.answers_field != ANSWERS_FIELD {
            return Err("`answers_field` has no effect with `against` = \"instruction\"".into());
        }
        Ok(Self(config))
    }

    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        Some(0.0..=1.0)
    }
}

impl Judge for Overlap {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        if self.0.against == Against::Instruction {
            return Ok(each_response(groups, |instruction, response| {
                self.score_against(&[normalized_words(&instruction.text())], response)
                    .into()
            }));
        }
        let accept = |answers: &[String]| {
            Ok(answers
                .iter()
                .map(|answer| normalized_words(answer))
                .collect::<Vec<_>>())
        };
        Ok(against_answers(
            groups,
            &self.0.answers_field,
            accept,
            |answers, response| self.score_against(answers, response),
        ))
    }
}

/// How well two texts agree, each value from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
struct Agreement {
    /// The fraction of the response's words that are common.
    precision: f64,
    /// The fraction of the reference's words that are common.
    recall: f64,
    /// Their harmonic mean.
    f: f64,
}

impl Overlap {
    /// The best agreement with any of the answers.
    fn score_against(&self, answers: &[Vec<String>], response: &str) -> Scored {
        let given = normalized_words(response);
        let best = answers
            .iter()
            .map(|answer| self.compare(&given, answer))
            .max_by(|a, b| a.f.total_cmp(&b.f));
        let Agreement {
            precision,
            recall,
            f,
        } = best.unwrap_or_default();
        Scored::new(f)
            .aspect("precision", precision)
            .aspect("recall", recall)
    }

    fn compare(&self, given: &[String], answer: &[String]) -> Agreement {
        let shared = match self.0.measure {
            Measure::F1 => shared(given, answer),
            Measure::RougeL => common_subsequence(given, answer),
        };
        if shared == 0 {
            // SQuAD's rule: two answers without words are equal.
            let same = if given.is_empty() && answer.is_empty() {
                1.0
            } else {
                0.0
            };
            return Agreement {
                precision: same,
                recall: same,
                f: same,
            };
        }
        let (precision, recall) = (
            shared as f64 / given.len() as f64,
            shared as f64 / answer.len() as f64,
        );
        Agreement {
            precision,
            recall,
            f: 2.0 * precision * recall / (precision + recall),
        }
    }
}

/// The number of common words; a word counts as often as it occurs in both.
fn shared(given: &[String], answer: &[String]) -> usize {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in answer {
        *left.entry(word).or_default() += 1;
    }
    let mut shared = 0;
    for word in given {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    shared
}

/// The length of the longest common subsequence, row by row of the usual table. Takes time
/// proportional to the product of the lengths.
fn common_subsequence(given: &[String], answer: &[String]) -> usize {
    let mut row = vec![0; answer.len() + 1];
    for word in given {
        let mut diagonal = 0;
        for (at, other) in answer.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other {
                diagonal + 1
            } else {
                above.max(row[at])
            };
            diagonal = above;
        }
    }
    row[answer.len()]
}

tpo_plugin::export_judge!(Overlap);

#[cfg(test)]
mod tests {
    use tpo_plugin::Instruction;

    use super::*;

    fn value(measure: Measure, reference: &str, response: &str) -> String {
        let instruction = Instruction {
            reference: Some(reference.into()),
            ..Instruction::default()
        };
        let judge = Overlap::new(Config {
            measure,
            ..Config::default()
        })
        .unwrap();
        let group = Group {
            instruction,
            responses: vec![response.into()],
        };
        match judge.score(&[group]).unwrap().remove(0).remove(0) {
            Judgment::Score(scored) => format!("{:.4}", scored.value),
            Judgment::Unscored(reason) => reason,
        }
    }

    #[test]
    fn without_a_reference_the_instruction_says_what_it_is_about() {
        let message = tpo_plugin::Message {
            role: "user".into(),
            content: "Name the capital of France.".into(),
        };
        let instruction = Instruction {
            messages: vec![message],
            ..Instruction::default()
        };
        let group = Group {
            instruction,
            responses: vec!["Capital of France: Paris".into(), "No idea".into()],
        };
        let judge = Overlap::new(Config {
            against: Against::Instruction,
            ..Config::default()
        })
        .unwrap();
        let judgments = judge.score(&[group]).unwrap().remove(0);
        let values: Vec<f64> = judgments
            .into_iter()
            .map(|judgment| match judgment {
                Judgment::Score(scored) => scored.value,
                Judgment::Unscored(reason) => panic!("{reason}"),
            })
            .collect();
        assert_eq!(values, [0.75, 0.0]);
        let config = Config {
            against: Against::Instruction,
            answers_field: "golds".into(),
            ..Config::default()
        };
        assert!(Overlap::new(config).is_err());
    }

    #[test]
    fn f1_counts_words_wherever_they_stand() {
        assert_eq!(value(Measure::F1, "the cat sat", "sat cat"), "1.0000");
        assert_eq!(
            value(Measure::F1, "cat sat on mat", "cat cat cat sat"),
            "0.5000"
        );
        assert_eq!(value(Measure::F1, "cat", "dog"), "0.0000");
        assert_eq!(value(Measure::F1, "the", ""), "1.0000");
    }

    #[test]
    fn rouge_l_wants_them_in_order() {
        assert_eq!(value(Measure::RougeL, "cat sat", "sat cat"), "0.5000");
        // From the paper that introduced it, without articles: police killed the gunman / police
        // kill the gunman.
        assert_eq!(
            value(
                Measure::RougeL,
                "police killed gunman",
                "police kill gunman"
            ),
            "0.6667"
        );
        assert_eq!(
            value(
                Measure::RougeL,
                "police killed gunman",
                "gunman kill police"
            ),
            "0.3333"
        );
    }
}
