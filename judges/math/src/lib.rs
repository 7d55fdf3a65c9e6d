//! A judge of word problems: compares the final number of a response with the reference answer.
//!
//! It compares numbers exactly and ignores how a solution gets there. A response without a number
//! is wrong, not unscored: a right response has to give an answer.

mod answer;
mod number;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use serde::Deserialize;
use tpo_plugin::reference::against_answers;
use tpo_plugin::{Error, Group, JsonSchema, Judge, Judgment, Plugin, Scored, schemars};

use crate::answer::final_number;
use crate::number::Number;

/// How numbers are compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The largest relative difference from the reference; 0 requires the exact number. `0.001`
    /// accepts `0.333` for a third.
    #[schemars(range(min = 0.0, max = 0.1))]
    tolerance: f64,
    /// The field of the data set's row that lists the accepted answers. If a row has none, its
    /// reference is the answer.
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
        Ok(Self(config))
    }

    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        Some(0.0..=1.0)
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
        Scored::pass_fail(is_right)
            .flag("correct", is_right)
            .flag("answered", given.is_some())
    }
}

/// The numbers of the accepted answers.
fn numbers_of(answers: &[String]) -> Result<Vec<Number>, &'static str> {
    let numbers: Option<Vec<Number>> = answers.iter().map(|text| final_number(text)).collect();
    numbers.ok_or("no number in the reference answer")
}

tpo_plugin::export_judge!(Math);
