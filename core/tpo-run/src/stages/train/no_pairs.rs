//! The error of an iteration without a single pair.

use tpo_types::{Failure, FailureKind, FinishReason};

use crate::groups::SelectedGroup;
use crate::metrics::{ReasonCounts, SampleMetrics, drop_reasons};

/// Completions that the error quotes.
const SHOWN_COMPLETIONS: usize = 3;

/// The reasons, counted, and some raw completions: what a user needs to see why there is nothing to
/// train on. `k` completions per instruction were asked for.
pub(super) fn no_pairs(iteration: usize, k: usize, groups: &[SelectedGroup<'_>]) -> Failure {
    let sampled = SampleMetrics::of(groups.iter().map(|selected| &selected.group), k);
    let mut what = format!("iteration {iteration} gives no pair");
    list(&mut what, "instructions dropped", &drop_reasons(groups));
    list(&mut what, "completions malformed", &sampled.malformed);
    list(&mut what, "responses unscored", &sampled.unscored);
    let completions = groups.iter().flat_map(|selected| {
        let group = &selected.group;
        group
            .candidates
            .iter()
            .map(|candidate| (group.id(), &candidate.completion))
    });
    for (id, completion) in completions.take(SHOWN_COMPLETIONS) {
        let end = match completion.finish {
            FinishReason::Stop => "ended its turn",
            FinishReason::Length => "ran out of tokens",
        };
        let text = &completion.text;
        what.push_str(&format!("\n--- a completion of `{id}` ({end}):\n{text}"));
    }
    Failure::new(FailureKind::Plugin, what).hint(
        "malformed: try a prefill, `thought.max_tokens` or another preset; ties: raise \
        `sampling.num_samples` or use a finer judge; unscored: see the judge's README for what it \
        needs",
    )
}

fn list(what: &mut String, title: &str, reasons: &ReasonCounts) {
    for (reason, count) in reasons {
        what.push_str(&format!("\n  {count:>6} {title}: {reason}"));
    }
}
