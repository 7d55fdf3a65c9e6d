//! McNemar's test: two models' right and wrong answers to the same questions.

use crate::distributions::{chi_squared_above, fair_coins_at_most, fair_coins_exactly};
use crate::refusal::Refusal;

/// Discordant questions from which the mid-p test is used instead of the exact one.
const MANY: u64 = 25;

/// Questions that one model solves and the other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discordant {
    /// Only the first model solves them (b).
    pub first: u64,
    /// Only the second model solves them (c).
    pub second: u64,
}

/// Forms of McNemar's test, all two-sided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// `2 P(X <= min(b, c))` for a binomial X of b + c fair coins, at most 1.
    pub exact: f64,
    /// The exact p less `P(X = min(b, c))` (Fagerland, Lydersen and Laake 2013).
    pub mid_p: f64,
    /// `(b - c)^2 / (b + c)`; none without discordant questions.
    pub chi_squared: Option<f64>,
    /// p of `chi_squared`, one degree of freedom.
    pub chi_squared_p: Option<f64>,
    /// `(|b - c| - 1)^2 / (b + c)`, 0 for b = c.
    pub corrected: Option<f64>,
    /// p of `corrected`.
    pub corrected_p: Option<f64>,
    /// The p to report: exact below 25 discordant questions, else mid-p.
    pub p_value: f64,
}

/// McNemar's test of equal accuracy. Without discordant questions p is 1. Refuses counts whose sum
/// is not a `u64`.
pub fn mcnemar(pairs: Discordant) -> Result<McNemar, Refusal> {
    let (b, c) = (pairs.first, pairs.second);
    let n = b
        .checked_add(c)
        .ok_or(Refusal::Parameter { name: "discordant" })?;
    let fewer = b.min(c);
    let (exact, mid_p) = if b == c {
        (1.0, 1.0)
    } else {
        let exact = (2.0 * fair_coins_at_most(fewer, n)).min(1.0);
        (exact, exact - fair_coins_exactly(fewer, n))
    };
    let gap = b.abs_diff(c) as f64;
    let statistic = |gap: f64| (n > 0).then(|| gap * gap / n as f64);
    let (chi_squared, corrected) = (statistic(gap), statistic((gap - 1.0).max(0.0)));
    Ok(McNemar {
        exact,
        mid_p,
        chi_squared,
        chi_squared_p: chi_squared.map(chi_squared_above),
        corrected,
        corrected_p: corrected.map(chi_squared_above),
        p_value: if n < MANY { exact } else { mid_p },
    })
}
