//! What became of the rows, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::categories::CategoryList;
use super::complexity::Complexity;
use super::label::Label;
use super::row::{CATEGORY, COMPLEXITY, LabelRow};
use super::rows::LabelRows;

/// What became of the rows.
#[derive(Debug, Serialize)]
pub struct LabelSummary {
    /// The number of rows.
    pub rows: usize,
    /// Where the categories come from.
    pub category: LabelCounts,
    /// Where the complexities come from.
    pub complexity: LabelCounts,
    /// The rows of each category: those of the list in its order, then any others.
    pub categories: Vec<CategoryCount>,
    /// The rows of each complexity.
    pub complexities: Vec<ComplexityCount>,
    /// Labels that are missing, in the order of the rows.
    pub unlabeled: Vec<UnlabeledRow>,
    /// Instructions of which the model was shown a part only.
    pub shortened: usize,
}

/// Where the labels of one kind come from.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelCounts {
    /// Rows that had one.
    pub kept: usize,
    /// Rows that the model labeled.
    pub labeled: usize,
    /// Rows without one.
    pub unlabeled: usize,
}

/// The rows of a category.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CategoryCount {
    /// The category.
    pub category: String,
    /// Its rows.
    pub rows: usize,
    /// Whether it is in the list of categories.
    pub listed: bool,
}

/// The rows of a complexity.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ComplexityCount {
    /// The complexity.
    pub complexity: Complexity,
    /// Its rows.
    pub rows: usize,
}

/// A row that lacks a label.
#[derive(Debug, Serialize)]
pub struct UnlabeledRow {
    /// The instruction's id.
    pub id: String,
    /// `category` or `complexity`.
    pub label: &'static str,
    /// Why, in a short phrase.
    pub reason: String,
    /// The start of the last reply, or of the error; escaped.
    pub reply: String,
}

impl LabelSummary {
    /// Counts the rows. `categories` is the list, if there is one.
    pub fn of(rows: &LabelRows, categories: Option<&CategoryList>) -> Self {
        let rows = &rows.0;
        Self {
            rows: rows.len(),
            category: LabelCounts::of(rows.iter().map(|row| &row.category)),
            complexity: LabelCounts::of(rows.iter().map(|row| &row.complexity)),
            categories: count_categories(rows, categories),
            complexities: Complexity::ALL
                .map(|complexity| ComplexityCount {
                    complexity,
                    rows: rows
                        .iter()
                        .filter(|row| row.complexity.value() == Some(&complexity))
                        .count(),
                })
                .into(),
            unlabeled: rows
                .iter()
                .flat_map(|row| {
                    let category = missing(row, CATEGORY, &row.category);
                    category
                        .into_iter()
                        .chain(missing(row, COMPLEXITY, &row.complexity))
                })
                .collect(),
            shortened: rows.iter().filter(|row| row.is_shortened).count(),
        }
    }
}

impl LabelCounts {
    fn of<'a, T: 'a>(labels: impl Iterator<Item = &'a Label<T>>) -> Self {
        let mut counts = Self::default();
        for label in labels {
            match label {
                Label::Kept(_) => counts.kept += 1,
                Label::Assigned(_) => counts.labeled += 1,
                Label::Open | Label::Missing(_) => counts.unlabeled += 1,
            }
        }
        counts
    }
}

fn count_categories(rows: &[LabelRow], list: Option<&CategoryList>) -> Vec<CategoryCount> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for category in rows.iter().filter_map(|row| row.category.value()) {
        *counts.entry(category).or_default() += 1;
    }
    let count = |category: &str, rows, listed| CategoryCount {
        category: category.to_owned(),
        rows,
        listed,
    };
    let mut all = Vec::new();
    for category in list.into_iter().flatten() {
        let rows = counts.remove(category.name.as_str()).unwrap_or_default();
        all.push(count(&category.name, rows, true));
    }
    all.extend(
        counts
            .into_iter()
            .map(|(category, rows)| count(category, rows, false)),
    );
    all
}

fn missing<T>(row: &LabelRow, name: &'static str, label: &Label<T>) -> Option<UnlabeledRow> {
    let Label::Missing(why) = label else {
        return None;
    };
    Some(UnlabeledRow {
        id: row.id().to_owned(),
        label: name,
        reason: why.reason.clone(),
        reply: why.detail.clone(),
    })
}
