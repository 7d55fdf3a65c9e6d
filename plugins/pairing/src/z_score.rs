//! How far values are from their mean, in standard deviations: `N` in the formulas.

/// Values count as equal if their spread, relative to their size, is no more than this: it is
/// rounding.
const NO_SPREAD: f64 = 1e-12;

/// Distances from the mean in population standard deviations; all zero if the values are equal.
pub(crate) fn z_scores(values: &[f64]) -> Vec<f64> {
    // Summed in sorted order, so that the same values give the same bits in any order.
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let std = (sorted
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count)
        .sqrt();
    let size = sorted
        .iter()
        .fold(0.0_f64, |size, value| size.max(value.abs()));
    if std.is_finite() && std > NO_SPREAD * size {
        values.iter().map(|value| (value - mean) / std).collect()
    } else {
        vec![0.0; values.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_spread() {
        assert_eq!(z_scores(&[0.1, 0.1, 0.1]), [0.0; 3]);
        assert_eq!(z_scores(&[0.0, 0.0]), [0.0; 2]);
        assert_eq!(z_scores(&[f64::MAX, f64::MIN]), [0.0; 2]);
        assert!(z_scores(&[]).is_empty());
    }

    #[test]
    fn the_order_of_values_does_not_change_a_bit() {
        // Added from the left the sum is 0, from the right 1.
        let values = [1.0, 1e16, 1.0, -1e16];
        let reversed: Vec<_> = values.iter().rev().copied().collect();
        let mut found = z_scores(&reversed);
        found.reverse();
        assert_eq!(found, z_scores(&values));
    }
}
