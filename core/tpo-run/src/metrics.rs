//! What is measured of a run: what each iteration made of its instructions, and whether validation
//! improved.

mod choice;
mod judged;
mod measurement;
mod paired;
mod sampling;
mod selector;
mod training;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tpo_judge::JudgeMetrics;
use tpo_types::Selection;

use crate::groups::SelectedGroup;
use crate::model_version::ModelVersion;

pub use choice::{Choice, best_of, is_kept};
pub(crate) use judged::{BothVerdicts, ComparedSample, JudgedResponse, JudgedSubject};
pub use measurement::{
    HeadToHead, InstructionWin, Measurement, Outcomes, SampleOutcome, ScoredInstruction,
};
pub use paired::{PairedRow, PairedRows, Unit, common_floor};
pub(crate) use paired::{compare_scores, floor_of};
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
    /// The model that the training completions were sampled from.
    pub sampled_from: ModelVersion,
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
    /// The training of the model that was kept.
    pub train: TrainMetrics,
    /// The model that the iteration ended with.
    pub kept: ModelVersion,
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
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
