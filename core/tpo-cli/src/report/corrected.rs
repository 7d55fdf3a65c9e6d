//! P-values, corrected for how many comparisons were made.

use tpo_eval::multiple::{benjamini_hochberg, holm};

use super::change::Change;
use super::remark::Remark;

/// The p-values of several comparisons, corrected for their number.
pub(super) struct Corrected {
    /// In the order of the comparisons; none where nothing was compared.
    pub p_values: Vec<Option<f64>>,
}

impl Corrected {
    /// By Holm, for verdicts.
    pub(super) fn holm<'a>(changes: impl Iterator<Item = Option<&'a Change>>) -> Self {
        Self::by(changes, |p_values| holm(p_values).unwrap_or_default())
    }

    /// By Benjamini and Hochberg, for tables of categories.
    pub(super) fn benjamini_hochberg<'a>(
        changes: impl Iterator<Item = Option<&'a Change>>,
    ) -> Self {
        Self::by(changes, |p_values| {
            benjamini_hochberg(p_values).unwrap_or_default()
        })
    }

    fn by<'a>(
        changes: impl Iterator<Item = Option<&'a Change>>,
        adjust: impl Fn(&[f64]) -> Vec<f64>,
    ) -> Self {
        let made: Vec<Option<f64>> = changes.map(|one| one.map(Change::p_value)).collect();
        let p_values: Vec<f64> = made.iter().copied().flatten().collect();
        let mut adjusted = adjust(&p_values).into_iter();
        let corrected = made.into_iter();
        Self {
            p_values: corrected
                .map(|one| one.and_then(|_| adjusted.next()))
                .collect(),
        }
    }

    /// How many comparisons were made.
    pub(super) fn comparisons(&self) -> usize {
        self.p_values.iter().flatten().count()
    }

    /// What a verdict says about the correction: of how many `things`, if of more than one.
    pub(super) fn remark(&self, things: &str) -> Remark {
        let comparisons = self.comparisons();
        let text = if comparisons > 1 {
            format!(" (Holm's correction for {comparisons} {things})")
        } else {
            String::new()
        };
        Remark { text, comparisons }
    }
}
