//! Two models by the category of the instructions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tpo_run::comparison::RecordedSet;
use tpo_run::metrics::{PairedRow, PairedRows};

use crate::report::change::{Change, SMALLEST};
use crate::report::corrected::Corrected;

/// Instructions without a category.
const NONE: &str = "(none)";
/// The categories that have too few instructions each.
const POOLED: &str = "(smaller categories)";

/// The categories of a set's instructions, by id; empty if none has one.
pub(super) struct CategoryOf(BTreeMap<String, String>);

/// Two models by category; empty if no instruction has one.
pub(super) struct Categories {
    /// In the order of the names.
    pub rows: Vec<CategoryRow>,
}

/// Two models on the instructions of a category.
pub(super) struct CategoryRow {
    pub name: String,
    /// The instructions.
    pub ids: BTreeSet<String>,
    pub change: Option<Change>,
    /// Its p-value, corrected for the number of categories; none with too few instructions.
    pub adjusted_p: Option<f64>,
}

impl CategoryOf {
    /// The categories of the instructions of a set.
    pub(super) fn of(set: &RecordedSet) -> Self {
        let all = &set.instructions;
        if all.iter().all(|one| one.category.is_none()) {
            return Self(BTreeMap::new());
        }
        let category = |category: &Option<String>| category.as_deref().unwrap_or(NONE).to_owned();
        let all = all.iter();
        Self(
            all.map(|one| (one.id.clone(), category(&one.category)))
                .collect(),
        )
    }

    /// Whether no instruction has a category.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Categories {
    pub(super) fn of(rows: &PairedRows, categories: &CategoryOf) -> Self {
        let mut groups: BTreeMap<String, Vec<PairedRow>> = BTreeMap::new();
        for row in &rows.rows {
            if let Some(category) = categories.0.get(&row.id) {
                groups
                    .entry(category.clone())
                    .or_default()
                    .push(row.clone());
            }
        }
        let small: Vec<String> = groups
            .iter()
            .filter(|(_, rows)| rows.len() < SMALLEST)
            .map(|(name, _)| name.clone())
            .collect();
        // One small category alone stays what it is.
        if small.len() > 1 {
            let pooled = small.iter().filter_map(|name| groups.remove(name));
            let pooled: Vec<PairedRow> = pooled.flatten().collect();
            groups.insert(POOLED.to_owned(), pooled);
        }
        let mut all: Vec<CategoryRow> = groups
            .into_iter()
            .map(|(name, of_one)| CategoryRow {
                name,
                ids: of_one.iter().map(|row| row.id.clone()).collect(),
                change: Change::of(&rows.with_rows(of_one)),
                adjusted_p: None,
            })
            .collect();
        let tested = all
            .iter()
            .map(|row| row.change.as_ref().filter(|_| row.is_enough()));
        let corrected = Corrected::benjamini_hochberg(tested);
        for (row, adjusted_p) in all.iter_mut().zip(corrected.p_values) {
            row.adjusted_p = adjusted_p;
        }
        Self { rows: all }
    }

    /// The same for programs, with the tokens of the answers to some instructions.
    pub(super) fn json(&self, tokens: &dyn Fn(&BTreeSet<String>) -> Value) -> Value {
        let tested = self.rows.iter().filter(|row| row.adjusted_p.is_some());
        let tested = tested.count();
        let rows = self.rows.iter().map(|row| {
            let change = row.change.as_ref();
            json!({
                "category": row.name,
                "instructions": row.ids.len(),
                "tokens": tokens(&row.ids),
                "comparison": change.map(|change| change.json(row.adjusted_p, tested)),
            })
        });
        rows.collect()
    }
}

impl CategoryRow {
    /// Whether its instructions are enough for a verdict.
    pub(super) fn is_enough(&self) -> bool {
        self.ids.len() >= SMALLEST
    }

    /// The verdict, or that there are too few instructions for one.
    pub(super) fn verdict(&self) -> &'static str {
        match (&self.change, self.adjusted_p) {
            (Some(change), Some(p)) => change.verdict(p),
            _ => "too few",
        }
    }
}

#[cfg(test)]
mod tests {
    use tpo_eval::Scale;

    use super::*;

    fn categories(sizes: &[(&str, usize)]) -> Vec<(String, usize, bool)> {
        let mut of = BTreeMap::new();
        let mut rows = Vec::new();
        for (name, size) in sizes {
            for index in 0..*size {
                let id = format!("{name}{index}");
                of.insert(id.clone(), (*name).to_owned());
                rows.push(PairedRow {
                    id,
                    difference: 0.1 + index as f64 / 100.0,
                });
            }
        }
        let rows = PairedRows::of_scores(Scale::Continuous, rows);
        let categories = Categories::of(&rows, &CategoryOf(of)).rows.into_iter();
        categories
            .map(|row| (row.name.clone(), row.ids.len(), row.adjusted_p.is_some()))
            .collect()
    }

    #[test]
    fn small_categories_are_pooled_and_too_small_ones_have_no_verdict() {
        assert_eq!(
            categories(&[("a", 7), ("b", 5), ("c", 1), ("d", 6)]),
            [
                ("(smaller categories)".into(), 6, true),
                ("a".into(), 7, true),
                ("d".into(), 6, true),
            ]
        );
        assert_eq!(
            categories(&[("a", 7), ("b", 5)]),
            [("a".into(), 7, true), ("b".into(), 5, false)]
        );
        assert!(categories(&[]).is_empty());
    }
}
