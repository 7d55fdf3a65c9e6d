//! The attack that uses a judge's position bias.

use tpo_types::{Failure, Preference, ResponseGroup};

use super::attacks::{StressCase, off_topic};
use super::report::{AttackResult, Trials};
use crate::scoring::{JudgeOutput, Scoring, reversed};
use crate::standalone::rows::ROWS_PER_BATCH;

/// Shows the real response to another instruction both first and second, and counts the better
/// result for it: a judge with position bias lets it win in one of the orders.
pub(super) fn attack(
    scoring: &dyn Scoring,
    cases: &[StressCase<'_>],
    all: &mut JudgeOutput,
    on_progress: &mut dyn FnMut(usize),
) -> Result<AttackResult, Failure> {
    let junk: Vec<(&StressCase<'_>, &str)> = (0..cases.len())
        .filter_map(|index| Some((&cases[index], off_topic(cases, index)?)))
        .collect();
    let mut trials = Trials::default();
    for batch in junk.chunks(ROWS_PER_BATCH) {
        // Two groups per case: the real response first, then the same with the junk first.
        let groups: Vec<ResponseGroup<'_>> = batch
            .iter()
            .flat_map(|&(case, junk)| {
                [vec![case.real, junk], vec![junk, case.real]].map(|responses| ResponseGroup {
                    instruction: case.instruction,
                    responses,
                })
            })
            .collect();
        let output = scoring.score(&groups)?;
        let mut preferences: Vec<Vec<Preference>> = vec![Vec::new(); batch.len()];
        for group in 0..groups.len() {
            preferences[group / 2].extend(of_group(&output, group, group % 2));
        }
        for preferences in &preferences {
            let best = [Preference::Second, Preference::Tie, Preference::First]
                .into_iter()
                .find(|preference| preferences.contains(preference));
            if let Some(best) = best {
                trials.record(&best);
            }
        }
        all.append(output);
        on_progress(batch.len());
    }
    Ok(trials.result(
        "order",
        "the response to another instruction, in the order that favors it",
    ))
}

/// The preferences for the responses of a group, by scores and in each comparison, as if the real
/// response, which has the index `real`, were the first.
fn of_group(output: &JudgeOutput, group: usize, real: usize) -> Vec<Preference> {
    let by_scores = output
        .preferred(group)
        .map(|preference| real_first(preference, real == 0));
    let by_comparisons = output
        .comparisons
        .iter()
        .filter(|comparison| comparison.group == group)
        .map(|comparison| {
            real_first(
                comparison.verdict.preference.clone(),
                comparison.first == real,
            )
        });
    by_scores.into_iter().chain(by_comparisons).collect()
}

fn real_first(preference: Preference, is_first: bool) -> Preference {
    if is_first {
        preference
    } else {
        reversed(&preference)
    }
}
