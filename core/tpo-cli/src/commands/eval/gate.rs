//! `--fail-below`: fails if a model's mean on a set is too low.

use tpo_run::evaluation::{EvaluationPlan, EvaluationResults, JudgedSet, SubjectResult};
use tpo_types::{Failure, FailureKind};

use crate::arguments::Threshold;

/// Refuses thresholds of sets that are not evaluated, before anything is sampled.
pub(super) fn check_names(plan: &EvaluationPlan, thresholds: &[Threshold]) -> Result<(), Failure> {
    let names: Vec<&str> = plan.sets.iter().map(|set| set.name.as_str()).collect();
    match thresholds.iter().find(|one| !names.contains(&&*one.set)) {
        None => Ok(()),
        Some(threshold) => {
            let what = format!("`--fail-below`: there is no set `{}`", threshold.set);
            Err(Failure::new(FailureKind::Usage, what)
                .hint(format!("the sets are: {}", names.join(", "))))
        }
    }
}

/// Fails if a mean is below its threshold, or missing.
pub(super) fn check(results: &EvaluationResults, thresholds: &[Threshold]) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for threshold in thresholds {
        for set in results.sets.iter().filter(|set| set.set == threshold.set) {
            let below = set.subjects.iter();
            failed.extend(below.filter_map(|subject| reason(set, subject, threshold.lowest)));
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::BelowThreshold,
        format!("below `--fail-below`:\n{}", failed.join("\n")),
    )
    .hint("the results are written; `results.json` has every figure"))
}

fn reason(set: &JudgedSet, subject: &SubjectResult, lowest: f64) -> Option<String> {
    let place = format!("{} on {} ({})", subject.subject, set.set, set.judge);
    match &subject.mean {
        None => Some(format!("{place} has no mean")),
        Some(mean) if mean.value < lowest => {
            Some(format!("{place}: {:.4} is less than {lowest}", mean.value))
        }
        Some(_) => None,
    }
}
