//! How well a response follows one rule.

use serde::Deserialize;

use crate::answer::ResponseText;

/// A rule that can be checked.
pub(crate) trait RuleCheck {
    /// Never called for an empty response, which fails every rule.
    fn grade(&self, answer: &ResponseText) -> Grade;
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Grade {
    /// The response follows the rule.
    Kept,
    /// It does not: from 0, not at all, to 1, almost.
    Missed(f64),
}

/// The largest value of a near miss: following the rule is worth at least twice as much.
const NEAR_MISS: f64 = 0.5;

impl Grade {
    /// Kept, or missed by a distance, which is computed only then.
    pub(crate) fn of(kept: bool, closeness: impl FnOnce() -> f64) -> Self {
        if kept {
            Self::Kept
        } else {
            Self::Missed(closeness())
        }
    }

    /// A rule that requires exactly `wanted` of something.
    pub(crate) fn exactly(found: usize, wanted: usize) -> Self {
        Self::of(found == wanted, || near(found, wanted))
    }

    /// A rule that forbids something.
    pub(crate) fn none(found: usize) -> Self {
        Self::exactly(found, 0)
    }

    /// A rule that requires all of several things.
    pub(crate) fn all(found: usize, of: usize) -> Self {
        Self::of(found == of, || near(found, of))
    }

    /// Its value in the score.
    pub(crate) fn value(self) -> f64 {
        match self {
            Self::Kept => 1.0,
            Self::Missed(closeness) => NEAR_MISS * closeness.clamp(0.0, 1.0),
        }
    }

    pub(crate) fn is_kept(self) -> bool {
        self == Self::Kept
    }
}

/// How a count is bounded.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) enum Relation {
    /// The bound itself is enough.
    #[serde(rename = "at least")]
    AtLeast,
    /// The bound itself is too many.
    #[serde(rename = "less than")]
    LessThan,
}

impl Relation {
    pub(crate) fn grade(self, found: usize, bound: usize) -> Grade {
        match self {
            Self::AtLeast => Grade::of(found >= bound, || near(found, bound)),
            Self::LessThan => Grade::of(found < bound, || near(found, bound.saturating_sub(1))),
        }
    }
}

/// The ratio of the smaller to the larger count; one more of both where nothing is wanted.
pub(crate) fn near(found: usize, wanted: usize) -> f64 {
    let more = usize::from(wanted == 0);
    let (small, large) = (found.min(wanted) + more, found.max(wanted) + more);
    small as f64 / large as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_is_strict() {
        assert_eq!(Relation::LessThan.grade(9, 10), Grade::Kept);
        assert_eq!(Relation::LessThan.grade(10, 10), Grade::Missed(0.9));
        assert_eq!(Relation::AtLeast.grade(10, 10), Grade::Kept);
        assert_eq!(Relation::AtLeast.grade(9, 10), Grade::Missed(0.9));
    }

    #[test]
    fn a_kept_rule_beats_every_near_miss() {
        for closeness in [1.0, f64::INFINITY] {
            assert!(Grade::Kept.value() - Grade::Missed(closeness).value() >= 0.5);
        }
    }

    #[test]
    fn fewer_of_what_is_not_wanted_is_closer() {
        assert_eq!(Grade::none(0), Grade::Kept);
        assert_eq!(Grade::none(1), Grade::Missed(0.5));
        assert_eq!(Grade::none(3), Grade::Missed(0.25));
    }
}
