//! A judge of word problems: the final number of a response against that of the reference answer.
//!
//! It reads numbers and compares them exactly; how a solution gets there is not looked at. It knows
//! nothing of thoughts, and a response that gives no number is wrong, not unscored: that an answer
//! was given is part of being right.

mod answer;
mod number;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use tpo_plugin::reference::against_answers;
use tpo_plugin::{Error, Group, JsonSchema, Judge, Judgment, Plugin, Scored, schemars};

use crate::answer::final_number;
use crate::number::Number;

/// How numbers are compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How far a number may be off, as a share of the reference. 0 wants it exact; `0.001` lets
    /// `0.333` pass for a third.
    #[schemars(range(min = 0.0, max = 0.1))]
    tolerance: f64,
    /// The field of the data set's row that lists the accepted answers. Where a row has none, the
    /// last number of its reference answer is the accepted one.
    answers_field: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tolerance: 0.0,
            answers_field: "answers".into(),
        }
    }
}

struct Math(Config);

impl Plugin for Math {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        if (0.0..=0.1).contains(&config.tolerance) {
            return Ok(Self(config));
        }
        Err(format!(
            "`tolerance` must be from 0 to 0.1, not {}",
            config.tolerance
        ))
    }
}

impl Judge for Math {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        Ok(against_answers(
            groups,
            &self.0.answers_field,
            numbers_of,
            |accepted, response| self.compare(response, accepted),
        ))
    }
}

impl Math {
    fn compare(&self, response: &str, accepted: &[Number]) -> Scored {
        let given = final_number(response);
        let is_right = given.is_some_and(|given| {
            accepted
                .iter()
                .any(|wanted| given.is_near(*wanted, self.0.tolerance))
        });
        let figure = |holds: bool| f64::from(u8::from(holds));
        Scored::new(figure(is_right))
            .aspect("correct", figure(is_right))
            .aspect("answered", figure(given.is_some()))
    }
}

/// The numbers of the accepted answers.
fn numbers_of(answers: &[String]) -> Result<Vec<Number>, &'static str> {
    let numbers: Option<Vec<Number>> = answers.iter().map(|text| final_number(text)).collect();
    numbers.ok_or("no number in the reference answer")
}

tpo_plugin::export_judge!(Math);
