//! `--fail-below`: fails if a model's mean on a set is too low.

use tpo_run::evaluation::{
    EvaluationPlan, EvaluationResults, JudgedSet, OpenedEvaluation, SubjectResult,
};
use tpo_types::{Failure, FailureKind, rounding};

use crate::arguments::Threshold;

/// Refuses thresholds of sets that are not evaluated, or not with every model, before anything is
/// sampled.
pub(super) fn check_sets(plan: &EvaluationPlan, thresholds: &[Threshold]) -> Result<(), Failure> {
    for Threshold { set: name, .. } in thresholds {
        let Some(set) = plan.sets.iter().find(|set| set.name == *name) else {
            let what = format!("`--fail-below`: there is no set `{name}`");
            let names: Vec<&str> = plan.sets.iter().map(|set| set.name.as_str()).collect();
            return Err(Failure::new(FailureKind::Usage, what)
                .hint(format!("the sets are: {}", names.join(", "))));
        };
        for subject in &plan.subjects {
            if !set.is_answered_by(subject)? {
                let what = format!(
                    "`--fail-below {name}`: `{}` has no responses to that set",
                    subject.name
                );
                return Err(Failure::new(FailureKind::Usage, what)
                    .hint("leave the model or the threshold out"));
            }
        }
    }
    Ok(())
}

/// Refuses thresholds of sets whose judges only compare, which gives no mean.
pub(super) fn check_judges(
    plan: &EvaluationPlan,
    opened: &OpenedEvaluation,
    thresholds: &[Threshold],
) -> Result<(), Failure> {
    for threshold in thresholds {
        let sets = plan.sets.iter().filter(|set| set.name == threshold.set);
        for judge in sets.flat_map(|set| &set.judges) {
            if opened.compares(judge) {
                let what = format!(
                    "`--fail-below {}`: the judge `{judge}` compares responses and gives no mean",
                    threshold.set
                );
                return Err(Failure::new(FailureKind::Usage, what)
                    .hint("use a set whose judges score single responses"));
            }
        }
    }
    Ok(())
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

/// More unscored completions than this share make a mean worthless.
const MAX_UNSCORED: f64 = 0.1;

fn reason(set: &JudgedSet, subject: &SubjectResult, lowest: f64) -> Option<String> {
    let unscored = subject.unscored as f64 / subject.sampled.completions.max(1) as f64;
    let place = format!("{} on {} ({})", subject.subject, set.set, set.judge);
    match &subject.mean {
        None => Some(format!("{place} has no mean")),
        Some(_) if unscored > MAX_UNSCORED => Some(format!(
            "{place}: {} of {} completions are unscored",
            subject.unscored, subject.sampled.completions
        )),
        Some(mean) if rounding::compare(mean.value, lowest).is_lt() => {
            Some(format!("{place}: {:.4} is less than {lowest}", mean.value))
        }
        Some(_) => None,
    }
}
