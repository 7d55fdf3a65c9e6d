//! How much longer the chosen sides of pairs are than the rejected ones.

use crate::Sides;

/// The mean excess of pairs; none without a pair.
///
/// Lengths are whole numbers, whose sums are exact, so the order of the groups does not change a
/// bit of the result.
pub fn mean_excess(excesses: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = excesses.fold((0.0, 0_u64), |(sum, count), excess| {
        (sum + excess, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}

/// How much longer the chosen response is than the rejected one.
pub fn response_excess(sides: Sides<'_>) -> f64 {
    sides.chosen.response_length - sides.rejected.response_length
}

/// How much longer the chosen side's thought is than the rejected side's.
pub fn thought_excess(sides: Sides<'_>) -> f64 {
    sides.chosen.thought_length - sides.rejected.thought_length
}
