//! The result of judging a response.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A finite number; higher is better.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Score(f64);

impl Score {
    /// The score, unless `value` is not finite.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Score {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        Self::new(value).ok_or_else(|| format!("score {value} is not finite"))
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        score.0
    }
}

/// A score and its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// How good the response is.
    pub score: Score,
    /// The reason, for human readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// Named parts of the score.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aspects: BTreeMap<String, Score>,
}

/// The result of judging one response. A response that could not be judged never has a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgment {
    /// How good it is.
    Scored(Scored),
    /// It could not be judged; a short reason, which reports count.
    Unscored(String),
}

/// Which of two responses is better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// The one shown first.
    First,
    /// The one shown second.
    Second,
    /// Neither.
    Tie,
    /// It could not be judged; a short reason, which reports count.
    Unscored(String),
}

/// How much better the preferred response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A little better.
    Slight,
    /// Much better.
    Strong,
}

/// The result of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which response is better.
    pub preference: Preference,
    /// How much better, if the judge says so; none for a tie and if unscored.
    pub strength: Option<Strength>,
    /// Probability that the first response is better, from 0 to 1, if the judge knows it.
    pub first_probability: Option<f64>,
    /// The reason, for human readers.
    pub rationale: Option<String>,
}

impl From<Preference> for Verdict {
    /// A verdict with only a preference.
    fn from(preference: Preference) -> Self {
        Self {
            preference,
            strength: None,
            first_probability: None,
            rationale: None,
        }
    }
}
