//! A judge of multiple-choice instructions: the choice that a response commits to against that of
//! the reference answer.
//!
//! Why a choice is made is not looked at. It knows nothing of thoughts, and a response that commits
//! to no choice, or to two, is wrong, not unscored: that a choice was made is part of being right.

mod answer;
mod choices;
mod reader;
mod statement;
#[cfg(test)]
mod tests;
mod token;

use serde::Deserialize;
use tpo_plugin::{
    Error, Group, Instruction, JsonSchema, Judge, Judgment, Plugin, Scored, schemars,
};

use crate::answer::{answer, choice_of};
use crate::choices::{Choices, Label};
use crate::reader::Answer;

/// Where what is right is found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The field of the data set's row that lists the accepted answers. Where a row has none, its
    /// reference is the answer.
    answers_field: String,
    /// The field of the data set's row that lists the choices: texts, or labels and texts as in
    /// Hugging Face's data sets. Where a row has none, a choice is known by its label only.
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
    let figure = |holds: bool| f64::from(u8::from(holds));
    Scored::new(figure(is_right))
        .aspect("correct", figure(is_right))
        .aspect("answered", figure(matches!(given, Some(Answer::Choice(_)))))
        .aspect("ambiguous", figure(given == Some(Answer::Several)))
}

tpo_plugin::export_judge!(Choice);
