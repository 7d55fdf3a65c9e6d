//! Numbers that are equal but for rounding.

/// Significant digits that are kept: a few less than an `f64` has, many more than a judge means.
const DIGITS: i32 = 12;

/// Powers of ten up to this one are exact.
const EXACT_POWER: i32 = 22;

/// The number with twelve significant digits; unchanged where it is nearer to 0 than 1e-11.
///
/// The order in which numbers are added changes their sum by rounding: 0.1 + 0.2 + 0.3 is not 0.3 +
/// 0.2 + 0.1. Scores, their means and their differences are rounded before they are compared, so
/// that a tie is a tie.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let magnitude = value.abs().log10().floor() as i32;
    let shift = DIGITS - 1 - magnitude;
    if shift.abs() > EXACT_POWER {
        return value;
    }
    let power = 10.0_f64.powi(shift.abs());
    if shift < 0 {
        (value / power).round() * power
    } else {
        (value * power).round() / power
    }
}

/// `a - b` as the numbers are but for rounding: 0 if they are equal.
#[must_use]
pub fn difference(a: f64, b: f64) -> f64 {
    rounded(rounded(a) - rounded(b))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "equality is what is promised")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_equal_but_for_rounding_is_equal() {
        assert_eq!(rounded(0.1 + 0.2), 0.3);
        assert_eq!(rounded(0.7 - 0.6), rounded(0.6 - 0.5));
        assert_eq!(
            rounded((0.1 + 0.2 + 0.3) / 3.0),
            rounded((0.3 + 0.2 + 0.1) / 3.0)
        );
        assert_eq!(
            rounded(1.0 / 3.0 + 1.0 / 7.0),
            rounded(1.0 / 7.0 + 1.0 / 3.0)
        );
        assert_eq!(rounded(2e9 / 3.0), 666_666_666.667);
    }

    #[test]
    fn sums_in_another_order_do_not_differ() {
        assert_eq!(difference(0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1), 0.0);
        assert_eq!(difference(0.75, 0.5), 0.25);
        assert_eq!(difference(0.7, 0.6), difference(0.6, 0.5));
    }

    #[test]
    fn what_differs_in_the_twelfth_digit_stays_different() {
        assert_ne!(rounded(0.700_000_000_001), rounded(0.7));
        assert_ne!(rounded(1e-30), rounded(2e-30));
    }

    proptest! {
        #[test]
        fn it_is_near_and_odd_and_happens_once(value in proptest::num::f64::NORMAL) {
            let once = rounded(value);
            prop_assert!((once - value).abs() <= value.abs() * 1e-11);
            prop_assert_eq!(rounded(once), once);
            prop_assert_eq!(rounded(-value), -once);
        }
    }
}
