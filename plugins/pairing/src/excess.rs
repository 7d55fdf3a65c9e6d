//! By how much the chosen sides of pairs are longer than the rejected ones.

use crate::Sides;

/// The mean of the excesses of pairs; none without a pair.
///
/// Lengths are whole numbers, whose sums are exact, so the order of the groups does not decide a
/// bit of it.
pub fn mean_excess(excesses: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = excesses.fold((0.0, 0_u64), |(sum, count), excess| {
        (sum + excess, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}

/// By how much the chosen response is longer than the rejected one.
pub fn response_excess(sides: Sides<'_>) -> f64 {
    sides.chosen.response_length - sides.rejected.response_length
}

/// By how much the chosen side's thought is longer than that of the rejected one.
pub fn thought_excess(sides: Sides<'_>) -> f64 {
    sides.chosen.thought_length - sides.rejected.thought_length
}
