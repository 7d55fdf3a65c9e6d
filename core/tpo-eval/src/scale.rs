//! What values an outcome can have.

use crate::refusal::Refusal;

/// A scale must be wider than this.
const SMALLEST_RANGE: f64 = 1e-100;

/// What is known about the values of an outcome. It decides which interval is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Nearly any real number: values rarely repeat, and their spread says how uncertain their mean
    /// is.
    Continuous,
    /// Scores of a judge that does not say what it can give: a reward model varies finely, a rubric
    /// has five grades. What was seen decides: where many values are the same, as differences of
    /// two models that mostly answer alike, they are treated as [`Scale::Bounded`] by the lowest
    /// and the highest score of any response, else as [`Scale::Continuous`]. For differences: the
    /// mean of one model can lie beyond what was seen.
    Seen {
        /// The lowest score of any response that is compared.
        lowest: f64,
        /// The highest score of any response that is compared.
        highest: f64,
    },
    /// A few values between two known ends, as win (1), tie (0.5) and loss (0), right and wrong, or
    /// grades: a small sample can hold one value only, so that its spread says nothing.
    Bounded {
        /// The lowest possible value.
        lowest: f64,
        /// The highest possible value.
        highest: f64,
    },
}

impl Scale {
    /// From 0 to 1: win rates and accuracies.
    pub const UNIT: Self = Self::Bounded {
        lowest: 0.0,
        highest: 1.0,
    };

    /// The scale of the difference between two values on this scale.
    #[must_use]
    pub fn of_differences(self) -> Self {
        match self {
            Self::Continuous => Self::Continuous,
            Self::Seen { lowest, highest } => Self::Seen {
                lowest: lowest - highest,
                highest: highest - lowest,
            },
            Self::Bounded { lowest, highest } => Self::Bounded {
                lowest: lowest - highest,
                highest: highest - lowest,
            },
        }
    }

    /// How far a mean on the scale can be from a value.
    pub(crate) fn farthest_from(self, value: f64) -> f64 {
        match self {
            Self::Continuous | Self::Seen { .. } => f64::INFINITY,
            Self::Bounded { lowest, highest } => (highest - value).max(value - lowest),
        }
    }

    /// Refuses values that are not finite or not on the scale, and a scale that has no inside.
    pub(crate) fn check(self, values: &[f64]) -> Result<(), Refusal> {
        crate::refusal::all_finite(values)?;
        let (lowest, highest) = match self {
            Self::Continuous => return Ok(()),
            Self::Seen { lowest, highest } | Self::Bounded { lowest, highest } => (lowest, highest),
        };
        crate::refusal::all_finite(&[lowest, highest])?;
        // All scores that were seen can be equal; a scale that is known has an inside.
        let may_be_a_point = matches!(self, Self::Seen { .. }) && lowest == highest;
        if highest - lowest <= SMALLEST_RANGE && !may_be_a_point {
            return Err(Refusal::Parameter { name: "scale" });
        }
        // Means of a few samples can leave the scale by rounding.
        let slack = 1e-9 * (highest - lowest) + 1e-12 * lowest.abs().max(highest.abs());
        let outside = |value: &&f64| **value < lowest - slack || **value > highest + slack;
        match values.iter().find(outside) {
            Some(&value) => Err(Refusal::OutsideScale { value }),
            None => Ok(()),
        }
    }
}
