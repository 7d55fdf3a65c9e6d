//! Two models on one set: paired rows in numbers, over all instructions and by category.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tpo_run::metrics::PairedRows;

use super::categories::{Categories, CategoryOf};
use crate::report::change::Change;
use crate::report::remark::Remark;

/// Two models on one set.
pub(super) struct PairReport {
    /// None without any outcome of both.
    pub change: Option<Change>,
    /// Its p-value, corrected for the number of runs that are compared.
    pub adjusted_p: Option<f64>,
    /// How the p-value was corrected, for a sentence.
    pub remark: Remark,
    /// Instructions with an outcome of both models.
    pub paired: usize,
    /// Shared instructions that one of the models has no outcome for.
    pub unscored: usize,
    /// The same by category.
    pub categories: Categories,
}

impl PairReport {
    /// The report on paired rows of a set, of which `shared` instructions were to be compared.
    pub(super) fn of(rows: &PairedRows, shared: usize, categories: &CategoryOf) -> Self {
        Self {
            change: Change::of(rows),
            adjusted_p: None,
            remark: Remark::default(),
            paired: rows.rows.len(),
            unscored: shared - rows.rows.len(),
            categories: Categories::of(rows, categories),
        }
    }

    /// What a sentence says after the names of the models.
    pub(super) fn sentence(&self) -> String {
        let text = match &self.change {
            Some(change) => change.sentence(self.adjusted_p.unwrap_or(1.0), &self.remark),
            None => "nothing to compare: the judge gave no outcome for any shared instruction"
                .to_owned(),
        };
        match (self.unscored, &self.change) {
            (0, _) | (_, None) => text,
            (unscored, _) => format!("{text}; {unscored} left out because they are unscored"),
        }
    }

    /// The same for programs, with the tokens of both models' answers to some instructions.
    pub(super) fn json(&self, tokens: &dyn Fn(&BTreeSet<String>) -> Value) -> Value {
        let comparisons = self.remark.comparisons;
        let change = self.change.as_ref();
        json!({
            "comparison": change.map(|change| change.json(self.adjusted_p, comparisons)),
            "unscored": self.unscored,
            "categories": self.categories.json(tokens),
        })
    }
}
