//! The general rules that a user may configure, and their check, which makes [`Rules`].
//!
//! A weight belongs to its rule, so that there is no weight without a rule.

use serde::Deserialize;
use tpo_plugin::{JsonSchema, schemars};

use crate::Rules;
use crate::general::{Length, NoRefusal, NoRepetition};
use crate::grade::RuleCheck;
use crate::score::Rule;

/// Rules in addition to the constraints of the instructions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The weight of each constraint of an instruction.
    #[schemars(extend("exclusiveMinimum" = 0))]
    constraint_weight: f64,
    /// A range for the length of every response.
    length: Option<LengthConfig>,
    /// A limit on how much a response repeats itself.
    repetition: Option<RepetitionConfig>,
    /// Phrases that tell a refusal.
    refusal: Option<RefusalConfig>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LengthConfig {
    /// The smallest number of words.
    min_words: Option<usize>,
    /// The largest number of words.
    max_words: Option<usize>,
    /// The weight of the rule.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    weight: f64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RepetitionConfig {
    /// The largest fraction of four-word sequences that repeat an earlier one.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1))]
    max_fraction: f64,
    /// The weight of the rule.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    weight: f64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RefusalConfig {
    /// The phrases, in any letter case.
    phrases: Vec<String>,
    /// The weight of the rule.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    weight: f64,
}

fn one() -> f64 {
    1.0
}

impl Default for Config {
    fn default() -> Self {
        Self {
            constraint_weight: one(),
            length: None,
            repetition: None,
            refusal: None,
        }
    }
}

impl Config {
    pub(crate) fn check(self) -> Result<Rules, String> {
        let length = self.length.map(LengthConfig::check).transpose()?;
        let repetition = self.repetition.map(RepetitionConfig::rule);
        let refusal = self.refusal.map(RefusalConfig::check).transpose()?;
        Ok(Rules {
            general: [length, repetition, refusal]
                .into_iter()
                .flatten()
                .collect(),
            constraint_weight: self.constraint_weight,
        })
    }
}

impl LengthConfig {
    fn check(self) -> Result<Rule, String> {
        let window = match (self.min_words, self.max_words) {
            (None, None) => return Err("`length` needs `min_words`, `max_words` or both".into()),
            (min, max) => (min.unwrap_or(0), max.unwrap_or(usize::MAX)),
        };
        if window.0 > window.1 {
            return Err(format!(
                "`length.min_words` ({}) is more than `length.max_words` ({})",
                window.0, window.1
            ));
        }
        Ok(rule("length", self.weight, Length(window.0..=window.1)))
    }
}

impl RepetitionConfig {
    fn rule(self) -> Rule {
        let max_fraction = self.max_fraction;
        rule("repetition", self.weight, NoRepetition { max_fraction })
    }
}

impl RefusalConfig {
    fn check(self) -> Result<Rule, String> {
        if self.phrases.is_empty() || self.phrases.iter().any(|phrase| phrase.trim().is_empty()) {
            return Err("`refusal.phrases` has no phrase or a blank one".into());
        }
        Ok(rule("refusal", self.weight, NoRefusal::new(&self.phrases)))
    }
}

fn rule(name: &str, weight: f64, check: impl RuleCheck + 'static) -> Rule {
    Rule {
        name: name.into(),
        weight,
        check: Box::new(check),
    }
}
