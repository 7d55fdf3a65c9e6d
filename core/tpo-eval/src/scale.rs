//! What values an outcome can have.

use std::ops::RangeInclusive;

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
    /// Scores of a judge that says its range, because it gives full marks or none at times, which a
    /// few instructions may not show: [`Scale::Bounded`] by the range below
    /// [`MANY`](crate::interval::MANY) units. From there on what was seen decides: if a score was
    /// at an end, [`Scale::Bounded`] by the lowest and the highest score, else as [`Scale::Seen`].
    /// To allow for ends that no score shows would make intervals of finely varying scores several
    /// times too wide; the price is that they are too narrow where one model alone has such a score
    /// now and then. For differences.
    Graded {
        /// What the judge can give.
        possible: Ends,
        /// The lowest and the highest score of any response that is compared.
        seen: Ends,
        /// Whether one of them is an end of what is possible.
        is_end_seen: bool,
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

/// Two ends of a scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ends {
    /// The lower one.
    pub lowest: f64,
    /// The higher one.
    pub highest: f64,
}

impl Ends {
    /// Those of the differences between two values.
    fn of_differences(self) -> Self {
        Self {
            lowest: self.lowest - self.highest,
            highest: self.highest - self.lowest,
        }
    }
}

impl Scale {
    /// From 0 to 1: win rates and accuracies.
    pub const UNIT: Self = Self::Bounded {
        lowest: 0.0,
        highest: 1.0,
    };

    /// The scale for differences of these scores of two models. `range` is what the judge says that
    /// it can give, its lowest and its highest score.
    pub fn of_scores(scores: &[f64], range: Option<RangeInclusive<f64>>) -> Self {
        if scores.is_empty() {
            return Self::Continuous;
        }
        let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let Some(range) = range else {
            return Self::Seen { lowest, highest };
        };
        let slack = 1e-9 * (range.end() - range.start());
        Self::Graded {
            possible: Ends {
                lowest: *range.start(),
                highest: *range.end(),
            },
            seen: Ends { lowest, highest },
            is_end_seen: lowest <= range.start() + slack || highest >= range.end() - slack,
        }
    }

    /// The scale of the difference between two values on this scale.
    #[must_use]
    pub fn of_differences(self) -> Self {
        match self {
            Self::Continuous => Self::Continuous,
            Self::Seen { lowest, highest } => Self::Seen {
                lowest: lowest - highest,
                highest: highest - lowest,
            },
            Self::Graded {
                possible,
                seen,
                is_end_seen,
            } => Self::Graded {
                possible: possible.of_differences(),
                seen: seen.of_differences(),
                is_end_seen,
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
            Self::Bounded { lowest, highest }
            | Self::Graded {
                possible: Ends { lowest, highest },
                ..
            } => (highest - value).max(value - lowest),
        }
    }

    /// Refuses values that are not finite or not on the scale, and a scale that has no inside.
    pub(crate) fn check(self, values: &[f64]) -> Result<(), Refusal> {
        crate::refusal::all_finite(values)?;
        let (lowest, highest) = match self {
            Self::Continuous => return Ok(()),
            Self::Seen { lowest, highest }
            | Self::Bounded { lowest, highest }
            | Self::Graded {
                possible: Ends { lowest, highest },
                ..
            } => (lowest, highest),
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
