//! A mean, a comparison, and both by category.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tpo_eval::Scale;
use tpo_eval::estimate::estimate;
use tpo_eval::multiple::benjamini_hochberg;
use tpo_eval::paired::{Conclusion, LEVEL, PairedComparison, compare};
use tpo_types::Instruction;

use super::{Differences, ResultUnit};

/// A mean over instructions, with its error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The mean.
    pub value: f64,
    /// Its standard error over instructions; none where they do not differ.
    pub stderr: Option<f64>,
    /// The lower end of the 95 % confidence interval; none where there are too few instructions.
    pub ci_low: Option<f64>,
    /// The upper end.
    pub ci_high: Option<f64>,
    /// Instructions that count.
    pub n: usize,
}

impl Figure {
    /// The mean of one value per instruction; none without any.
    pub(in crate::evaluation) fn of(values: &[f64], scale: Scale) -> Option<Self> {
        let estimate = estimate(values, scale).ok()?;
        let interval = estimate.interval.as_ref().ok();
        Some(Self {
            value: estimate.mean,
            stderr: estimate.standard_error,
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            n: estimate.units,
        })
    }
}

/// How a subject compares with the first one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonResult {
    /// What is compared. Scores turn into wins where a completion is malformed: it has no score and
    /// loses against any response.
    pub unit: ResultUnit,
    /// The mean difference, or the win rate.
    pub value: f64,
    /// The lower end of its 95 % confidence interval; none where there are too few instructions.
    pub ci_low: Option<f64>,
    /// The upper end.
    pub ci_high: Option<f64>,
    /// Two-sided p of the sign-flip test.
    pub p_value: f64,
    /// The same, corrected for the number of subjects (Holm) or categories (Benjamini-Hochberg).
    pub adjusted_p_value: f64,
    /// `improved`, `got worse` or `no difference detected`, by the corrected p and the interval.
    pub conclusion: &'static str,
    /// The smallest difference that this many instructions detect with probability 80 %; none where
    /// they can detect none, and where all differences are equal.
    pub smallest_detectable: Option<f64>,
    /// Whether any difference could have been detected: with few instructions, or many ties, no
    /// result would have been significant.
    pub detectable: bool,
    /// Instructions with an outcome of both subjects.
    pub n: usize,
    /// Of these, the ones on which both are equally good.
    pub ties: usize,
    /// What it was computed from.
    #[serde(skip)]
    compared: PairedComparison,
}

impl ComparisonResult {
    /// The comparison of one difference per instruction with none; a win rate is given as its
    /// distance from one half.
    pub(super) fn of(differences: &[f64], unit: ResultUnit, scale: Scale) -> Option<Self> {
        let compared = compare(differences, 0.0, scale).ok()?;
        let PairedComparison {
            estimate,
            sign_flip,
            ..
        } = &compared;
        let even = match unit {
            ResultUnit::WinRate => 0.5,
            ResultUnit::Accuracy | ResultUnit::Score => 0.0,
        };
        let interval = estimate.interval.as_ref().ok();
        let mut result = Self {
            unit,
            value: even + estimate.mean,
            ci_low: interval.map(|interval| even + interval.low),
            ci_high: interval.map(|interval| even + interval.high),
            p_value: sign_flip.p_value,
            adjusted_p_value: sign_flip.p_value,
            conclusion: "",
            smallest_detectable: None,
            n: estimate.units,
            detectable: false,
            ties: differences.iter().filter(|one| **one == 0.0).count(),
            compared: compared.clone(),
        };
        result.adjust(sign_flip.p_value, 1);
        Some(result)
    }

    /// Sets the p that is corrected for so many comparisons, and what it allows to say.
    pub(super) fn adjust(&mut self, adjusted: f64, comparisons: usize) {
        self.adjusted_p_value = adjusted;
        // The first of several comparisons has to pass the strictest threshold.
        self.detectable = adjusted <= LEVEL || self.compared.is_decidable_among(comparisons);
        let detectable = self.compared.smallest_detectable_among(comparisons);
        self.smallest_detectable = detectable.filter(|_| self.detectable);
        self.conclusion = match self.compared.verdict {
            Conclusion::Improved if adjusted <= LEVEL => "improved",
            Conclusion::Worse if adjusted <= LEVEL => "got worse",
            _ => "no difference detected",
        };
    }
}

/// A category of the instructions, or a complexity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryResult {
    /// Its name; `complexity 3` for a complexity.
    pub category: String,
    /// Its instructions.
    pub instructions: usize,
    /// The accuracy or mean score; none for a judge that compares.
    pub mean: Option<Figure>,
    /// How the subject compares with the first one; none for the first.
    pub against_first: Option<ComparisonResult>,
}

/// The results by category, if the instructions have at least two.
pub(super) fn by_category(
    instructions: &[Instruction],
    scores: &BTreeMap<&str, f64>,
    scale: Scale,
    differences: Option<&Differences>,
) -> Vec<CategoryResult> {
    let differences_by_id = differences.map(Differences::by_id).unwrap_or_default();
    let mut results = Vec::new();
    for labels in [label_of_category, label_of_complexity] {
        let groups = grouped(instructions, labels);
        if groups.len() < 2 {
            continue;
        }
        let mut of_labels: Vec<CategoryResult> = groups
            .into_iter()
            .map(|(category, ids)| {
                let pick = |by_id: &BTreeMap<&str, f64>| -> Vec<f64> {
                    let values = ids.iter().filter_map(|id| by_id.get(*id).copied());
                    values.collect()
                };
                CategoryResult {
                    category,
                    instructions: ids.len(),
                    mean: Figure::of(&pick(scores), scale),
                    against_first: differences.and_then(|all| {
                        ComparisonResult::of(&pick(&differences_by_id), all.unit, all.scale)
                    }),
                }
            })
            .collect();
        adjust(&mut of_labels);
        results.extend(of_labels);
    }
    results
}

type Label = fn(&Instruction) -> Option<String>;

fn label_of_category(instruction: &Instruction) -> Option<String> {
    instruction.category.clone()
}

fn label_of_complexity(instruction: &Instruction) -> Option<String> {
    let complexity = instruction.metadata.get("complexity")?.as_i64()?;
    Some(format!("complexity {complexity}"))
}

/// The ids of the instructions by label, and those without one where others have one.
fn grouped(instructions: &[Instruction], label: Label) -> BTreeMap<String, BTreeSet<&str>> {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let has_labels = instructions.iter().any(|one| label(one).is_some());
    for instruction in instructions.iter().filter(|_| has_labels) {
        let label = label(instruction).unwrap_or_else(|| "(none)".to_owned());
        groups.entry(label).or_default().insert(&instruction.id);
    }
    groups
}

/// Corrects the p-values for the number of categories (Benjamini and Hochberg).
fn adjust(categories: &mut [CategoryResult]) {
    let compared = || {
        categories
            .iter()
            .filter_map(|one| one.against_first.as_ref())
    };
    let p_values: Vec<f64> = compared().map(|one| one.p_value).collect();
    let adjusted = benjamini_hochberg(&p_values).unwrap_or_default();
    let compared = categories
        .iter_mut()
        .filter_map(|one| one.against_first.as_mut());
    for (comparison, adjusted) in compared.zip(adjusted) {
        comparison.adjust(adjusted, p_values.len());
    }
}
