//! A judge that checks rules, without a model.
//!
//! The rules come from two places: the constraints in the instruction's metadata, in IFEval's
//! vocabulary, and the general rules of the configuration. Near misses are graded so that
//! candidates which all fail still rank.

mod answer;
mod config;
mod constraints;
mod general;
mod grade;
mod score;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::Value;
use tpo_plugin::{Error, Group, Instruction, Judge, Judgment, Plugin};

use crate::config::Config;
use crate::score::{Rule, score};

/// The checked configuration.
struct Rules {
    general: Vec<Rule>,
    constraint_weight: f64,
}

impl Plugin for Rules {
    type Config = Config;

    fn new(config: Config) -> Result<Self, String> {
        config.check()
    }

    fn score_range(&self) -> Option<RangeInclusive<f64>> {
        Some(0.0..=1.0)
    }
}

impl Judge for Rules {
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error> {
        Ok(groups.iter().map(|group| self.judge(group)).collect())
    }
}

impl Rules {
    fn judge(&self, group: &Group) -> Vec<Judgment> {
        let of_instruction = match self.rules_of(&group.instruction) {
            Ok(rules) => rules,
            Err(reason) => return vec![Judgment::Unscored(reason); group.responses.len()],
        };
        let rules: Vec<_> = of_instruction.iter().chain(&self.general).collect();
        let judge = |response: &String| match rules[..] {
            [] => Judgment::unscored("no constraints"),
            _ => score(&rules, response).into(),
        };
        group.responses.iter().map(judge).collect()
    }

    /// The constraints in the instruction's metadata, or why they cannot be checked.
    fn rules_of(&self, instruction: &Instruction) -> Result<Vec<Rule>, String> {
        #[derive(Deserialize)]
        struct Constraint {
            id: String,
            #[serde(default)]
            kwargs: Value,
        }
        let given = instruction
            .field::<Vec<Constraint>>("constraints")
            .map_err(|_| "unreadable constraints")?;
        let rule = |Constraint { id, kwargs }| {
            constraints::read(&id, &kwargs).map(|check| Rule {
                name: id,
                weight: self.constraint_weight,
                check,
            })
        };
        given.unwrap_or_default().into_iter().map(rule).collect()
    }
}

tpo_plugin::export_judge!(Rules);
