//! A judge of multiple-choice instructions: compares the choice of a response with the reference
//! answer.
//!
//! It ignores the reasons for a choice. A response that makes no choice, or two, is wrong, not
//! unscored: a right response has to make a choice.

mod answer;
mod choices;
mod reader;
mod statement;
#[cfg(test)]
mod tests;
mod token;

use std::ops::RangeInclusive;

use serde::Deserialize;
use tpo_plugin::{
    Error, Group, Instruction, JsonSchema, Judge, Judgment, Plugin, Scored, schemars,
};

use crate::answer::{answer, choice_of};
use crate::choices::{Choices, Label};
use crate::reader::Answer;

/// The fields with the choices and the answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The field of the data set's row that lists the accepted answers. If a row has none, its
    /// reference is the answer.
    answers_field: String,
    /// The field of the data set's row that lists the choices: texts, or labels and texts as in
    /// Hugging Face's data sets. If a row has none, choices are recognized only by their labels.
    choices_field: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            answers_field: "answers".into(),
            choices_field: "choices".into(),
        }
    }
}

struct Choice(Config);

impl Plugin for Choice {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }

    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        Some(0.0..=1.0)
    }
}

impl Judge for Choice {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        let of_group = |group: &Group| match self.right_choices(&group.instruction) {
            Ok((right, choices)) => group
                .responses
                .iter()
                .map(|response| compare(response, &right, &choices).into())
                .collect(),
            Err(reason) => vec![Judgment::unscored(reason); group.responses.len()],
        };
        Ok(groups.iter().map(of_group).collect())
    }
}

impl Choice {
    /// The labels of the right choices, and all choices of an instruction. The error is the phrase
    /// for `unscored`.
    fn right_choices(
        &self,
        instruction: &Instruction,
    ) -> Result<(Vec<Label>, Choices), &'static str> {
        let answers = instruction.accepted_answers(&self.0.answers_field)?;
        let choices = Choices::of(instruction, &self.0.choices_field)?;
        let right: Option<Vec<Label>> = answers
            .iter()
            .map(|answer| choice_of(answer, &choices))
            .collect();
        Ok((right.ok_or("no choice in the reference answer")?, choices))
    }
}

fn compare(response: &str, right: &[Label], choices: &Choices) -> Scored {
    let given = answer(response, choices);
    let is_right = matches!(given, Some(Answer::Choice(label)) if right.contains(&label));
    Scored::pass_fail(is_right)
        .flag("correct", is_right)
        .flag("answered", matches!(given, Some(Answer::Choice(_))))
        .flag("ambiguous", given == Some(Answer::Several))
}

tpo_plugin::export_judge!(Choice);
