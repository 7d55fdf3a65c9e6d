//! Numbers that are equal but for rounding.
//!
//! The order in which numbers are added changes the last bits of their sum: 0.1 + 0.2 + 0.3 is not
//! 0.3 + 0.2 + 0.1. A panel can give two responses the same score in two ways, and two models the
//! same scores in another order. Such a tie is a tie.

use std::cmp::Ordering;

/// Numbers that differ by no more than this share of their size are equal but for rounding: half
/// a million times more than the last bit of an `f64`, and much less than any judge means.
const SHARE: f64 = 1e-10;

/// `a - b`, or 0 if they are equal but for rounding.
#[must_use]
pub fn difference(a: f64, b: f64) -> f64 {
    difference_of_sums(a, b, a.abs().max(b.abs()))
}

/// The same of sums or means, whose rounding is that of their largest term.
#[must_use]
pub fn difference_of_sums(a: f64, b: f64, largest: f64) -> f64 {
    let difference = a - b;
    if difference.abs() <= SHARE * largest.abs() {
        0.0
    } else {
        difference
    }
}

/// Which of two finite numbers is larger; neither if they are equal but for rounding.
#[must_use]
pub fn compare(a: f64, b: f64) -> Ordering {
    difference(a, b).total_cmp(&0.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "equality is what is promised")]
mod tests {
    use super::*;

    #[test]
    fn sums_in_another_order_are_equal() {
        assert_eq!(difference(0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1), 0.0);
        let thirds = [[1.0 / 3.0, 1.0 / 3.0], [2.0 / 3.0, 0.0]];
        let [one, other] = thirds.map(|pair| pair.iter().sum::<f64>() / 2.0);
        assert_eq!(compare(one, other), Ordering::Equal);
        let around_zero = 0.1 + 0.2 - 0.3;
        assert_ne!(difference(around_zero, 0.0), 0.0);
        assert_eq!(difference_of_sums(around_zero, 0.0, 0.3), 0.0);
    }

    #[test]
    fn what_differs_by_more_than_rounding_differs() {
        assert_eq!(difference(0.75, 0.5), 0.25);
        assert_eq!(compare(0.700_000_001, 0.7), Ordering::Greater);
        assert_eq!(compare(1e-30, 2e-30), Ordering::Less);
        assert_eq!(compare(0.0, -0.0), Ordering::Equal);
    }
}
