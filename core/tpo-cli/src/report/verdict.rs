//! Whether the models of a run became better, in sentences.

use tpo_run::ModelVersion;
use tpo_run::metrics::{Measurement, replaces};

use super::change::Change;
use super::models::SetReport;

/// One sentence per model and set, then which model is best and what its figure is worth. The first
/// set chooses the best model.
pub(super) fn sentences(sets: &[SetReport<'_>]) -> Vec<String> {
    let mut lines: Vec<String> = sets.iter().flat_map(of_set).collect();
    if let Some((first, others)) = sets.split_first() {
        lines.extend(best(first, others));
    }
    lines
}

fn of_set(set: &SetReport<'_>) -> Vec<String> {
    let changes: Vec<(&Measurement, Option<Change>)> = set
        .kept
        .iter()
        .filter(|one| !one.model.is_base())
        .map(|one| (*one, set.change(one)))
        .collect();
    let p_values: Vec<f64> = changes
        .iter()
        .filter_map(|(_, change)| change.as_ref().map(Change::p_value))
        .collect();
    let mut adjusted = tpo_eval::multiple::holm(&p_values).unwrap_or_default().into_iter();
    let correction = if p_values.len() > 1 {
        format!(" (Holm's correction for {} models)", p_values.len())
    } else {
        String::new()
    };
    changes
        .iter()
        .map(|(measurement, change)| {
            let model = format!("{}: iteration {}", set.name, measurement.model.iteration);
            match change {
                Some(change) => format!(
                    "{model} vs. the base model: {}{correction}: {}",
                    change.verdict(adjusted.next().unwrap_or(1.0)),
                    change.numbers()
                ),
                None => format!("{model} vs. the base model: nothing to compare"),
            }
        })
        .collect()
}

/// The best model by the set that chooses, and how it does on the others.
fn best(first: &SetReport<'_>, others: &[SetReport<'_>]) -> Vec<String> {
    let mut kept = first.kept.iter();
    let Some(base) = kept.next() else {
        return vec!["no metrics yet".to_owned()];
    };
    let best = kept.fold(*base, |best, later| {
        if replaces(later, best) { later } else { best }
    });
    let name = first.name;
    if best.model.is_base() {
        return vec![format!(
            "best model on {name}: the base model; no later one is better by more than one \
             standard error"
        )];
    }
    let iteration = best.model.iteration;
    let mut lines = vec![format!(
        "best model on {name}: iteration {iteration} (checkpoints/best)"
    )];
    let candidates = first.kept.len() + first.others.len();
    let held_out: Vec<String> = others.iter().filter_map(|set| on(set, best.model)).collect();
    lines.push(if held_out.is_empty() {
        format!(
            "{name} chose it among {candidates} models, so its figure there is likely too high; a \
             second `[[validation]]` set, which chooses nothing, would give a fair one"
        )
    } else {
        format!(
            "{name} chose it among {candidates} models; on sets that chose nothing: {}",
            held_out.join("; ")
        )
    });
    lines
}

fn on(set: &SetReport<'_>, model: ModelVersion) -> Option<String> {
    let measurement = set.kept.iter().find(|one| one.model == model)?;
    let change = set.change(measurement)?;
    let verdict = change.verdict(change.p_value());
    Some(format!("{}: {verdict}: {}", set.name, change.numbers()))
}
