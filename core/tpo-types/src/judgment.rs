//! The result of judging a response.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::rounding;

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

    /// Which of two scores is higher: equal if they are but for rounding.
    pub fn compare(self, other: Self) -> Ordering {
        rounding::compare(self.0, other.0)
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

/// The lowest and the highest score that a judge can give, the first below the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub struct ScoreRange {
    lowest: f64,
    highest: f64,
}

impl ScoreRange {
    /// The range, if it is from 1e-9 to 1e12 wide and not further than that from 0: of others
    /// nothing could be computed.
    pub fn new(lowest: f64, highest: f64) -> Option<Self> {
        let is_range = lowest.abs() <= 1e12
            && highest.abs() <= 1e12
            && (1e-9..=1e12).contains(&(highest - lowest));
        is_range.then_some(Self { lowest, highest })
    }

    /// The lowest score.
    pub fn lowest(self) -> f64 {
        self.lowest
    }

    /// The highest score.
    pub fn highest(self) -> f64 {
        self.highest
    }

    /// Whether a score lies in it, but for rounding: a mean of grades can be beyond an end by that.
    pub fn contains(self, score: f64) -> bool {
        let slack = 1e-9 * (self.highest - self.lowest);
        (self.lowest - slack..=self.highest + slack).contains(&score)
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
        }
    }
}

impl TryFrom<[f64; 2]> for ScoreRange {
    type Error = String;

    fn try_from([lowest, highest]: [f64; 2]) -> Result<Self, String> {
        Self::new(lowest, highest)
            .ok_or_else(|| format!("{lowest} to {highest} is not a range of scores"))
    }
}

impl From<ScoreRange> for [f64; 2] {
    fn from(range: ScoreRange) -> Self {
        [range.lowest, range.highest]
    }
}

impl fmt::Display for ScoreRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.lowest, self.highest)
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
