//! Several tests at once: adjusted p values, in the order of the p values given.

use crate::refusal::Refusal;

/// Holm's adjustment, for claims: with all of them at 5 %, the chance of a single wrong one is at
/// most 5 % (Holm 1979).
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &place) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        largest = largest.max((left * p_values[place]).min(1.0));
        adjusted[place] = largest;
    }
    Ok(adjusted)
}

/// Bonferroni's adjustment: every p times their number. Holm's is never worse.
pub fn bonferroni(p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    ascending(p_values)?;
    let count = p_values.len() as f64;
    Ok(p_values.iter().map(|p| (p * count).min(1.0)).collect())
}

/// Benjamini and Hochberg's adjustment, for tables: of those at 5 %, at most 5 % are wrong on
/// average (1995).
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, Refusal> {
    let order = ascending(p_values)?;
    let count = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, &place) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[place] * (count / (rank + 1) as f64));
        adjusted[place] = smallest;
    }
    Ok(adjusted)
}

/// Places of the p values from the smallest up.
fn ascending(p_values: &[f64]) -> Result<Vec<usize>, Refusal> {
    crate::refusal::all_finite(p_values)?;
    if let Some(&value) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Refusal::OutsideScale { value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    Ok(order)
}
