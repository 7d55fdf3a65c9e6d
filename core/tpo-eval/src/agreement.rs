//! Whether two judges say the same.

use std::collections::BTreeMap;

use crate::refusal::{Refusal, same_length};

/// Agreement of two judges on the same items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Items.
    pub n: usize,
    /// Share of items with the same label.
    pub observed: f64,
    /// The share expected of judges that use their labels as often but at random.
    pub chance: f64,
    /// Cohen's kappa, `(observed - chance) / (1 - chance)` (1960); none if both judges always use
    /// one and the same label.
    pub kappa: Option<f64>,
}

/// Agreement of two lists of labels, such as which response of a pair is better. Refuses different
/// lengths and empty lists.
pub fn agreement<T: Ord>(first: &[T], second: &[T]) -> Result<Agreement, Refusal> {
    same_length(first.len(), second.len())?;
    if first.is_empty() {
        return Err(Refusal::Empty);
    }
    let n = first.len() as f64;
    let equal = first.iter().zip(second).filter(|(a, b)| a == b).count();
    let counts = |labels: &'_ [T]| -> BTreeMap<usize, f64> {
        let mut names: Vec<&T> = first.iter().chain(second).collect();
        names.sort();
        names.dedup();
        let place = |label: &T| names.binary_search(&label).unwrap_or_default();
        labels.iter().fold(BTreeMap::new(), |mut counts, label| {
            *counts.entry(place(label)).or_insert(0.0) += 1.0 / n;
            counts
        })
    };
    let (shares, others) = (counts(first), counts(second));
    let chance: f64 = shares
        .iter()
        .map(|(label, share)| share * others.get(label).copied().unwrap_or(0.0))
        .sum();
    let observed = equal as f64 / n;
    let kappa = (chance < 1.0 - 1e-12).then(|| (observed - chance) / (1.0 - chance));
    Ok(Agreement {
        n: first.len(),
        observed,
        chance,
        kappa,
    })
}
