//! What is measured of a run: what each iteration made of its instructions, and whether validation
//! improved.

mod evaluation;
mod sampling;
mod selector;
mod training;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_judge::JudgeMetrics;
use tpo_types::Selection;

use crate::groups::SelectedGroup;

pub use evaluation::{Evaluation, PairedDifference};
pub use sampling::SampleMetrics;
pub use selector::{SelectorMetrics, SideTokens};
pub use training::TrainMetrics;

/// Counts by reason.
pub type ReasonCounts = BTreeMap<String, usize>;

/// What an iteration did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IterationMetrics {
    /// Which one, from 1.
    pub iteration: usize,
    /// Its training completions.
    pub sampled: SampleMetrics,
    /// Pairs trained on.
    pub pairs: usize,
    /// Instructions that gave no pair, by reason.
    pub drops: ReasonCounts,
    /// The selected pairs.
    pub selector: SelectorMetrics,
    /// How consistent the judges are.
    pub judge: JudgeMetrics,
    /// The training.
    pub train: TrainMetrics,
}

impl IterationMetrics {
    /// Measures the groups of an iteration. `reported` are the numbers that the selector reports.
    pub(crate) fn of(
        iteration: usize,
        groups: &[SelectedGroup<'_>],
        reported: BTreeMap<String, f64>,
        judge: JudgeMetrics,
        train: TrainMetrics,
    ) -> Self {
        Self {
            iteration,
            sampled: SampleMetrics::of(groups.iter().map(|selected| &selected.group)),
            pairs: groups.iter().map(|selected| selected.pairs().len()).sum(),
            drops: drop_reasons(groups),
            selector: SelectorMetrics::of(groups, reported),
            judge,
            train,
        }
    }
}

/// Why instructions gave no pair.
pub(crate) fn drop_reasons(groups: &[SelectedGroup<'_>]) -> ReasonCounts {
    count(groups.iter().filter_map(|group| match &group.selection {
        Selection::Dropped(reason) => Some(reason),
        Selection::Pairs(_) => None,
    }))
}

/// Counts equal reasons.
fn count<'a>(reasons: impl Iterator<Item = &'a String>) -> ReasonCounts {
    let mut counts = ReasonCounts::new();
    for reason in reasons {
        *counts.entry(reason.clone()).or_default() += 1;
    }
    counts
}

/// The mean; none without any value.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
