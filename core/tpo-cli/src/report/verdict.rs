//! Whether the models of a run became better, in sentences.

use tpo_run::ModelVersion;
use tpo_run::metrics::{Measurement, best_of};

use super::alarm::alarm;
use super::change::Change;
use super::corrected::Corrected;
use super::halves::gain_by_halves;
use super::models::{ArmReport, SetOfArm, SetReport};
use super::remark::Remark;

/// One sentence per model and set; then which model of each arm is best, what its figure is worth,
/// and how the arms compare. The first set chooses the best models.
pub(super) fn sentences(sets: &[SetReport<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    for set in sets {
        for arm in &set.arms {
            lines.extend(of_arm(set.name, arm));
        }
    }
    let Some((first, others)) = sets.split_first() else {
        return vec!["no metrics yet".to_owned()];
    };
    for (index, arm) in first.arms.iter().enumerate() {
        let others: Vec<SetOfArm<'_>> = others
            .iter()
            .filter_map(|set| {
                Some(SetOfArm {
                    set: set.name,
                    arm: set.arms.get(index)?,
                })
            })
            .collect();
        let chooses = SetOfArm {
            set: first.name,
            arm,
        };
        lines.extend(best(chooses, &others));
        lines.extend(others.iter().filter_map(|other| alarm(chooses, *other)));
    }
    lines.extend(between_arms(first, sets));
    lines
}

fn of_arm(set: &str, arm: &ArmReport<'_>) -> Vec<String> {
    let changes: Vec<(&Measurement, Option<Change>)> = arm
        .kept
        .iter()
        .filter(|one| !one.model.is_base())
        .map(|one| (*one, arm.change(one)))
        .collect();
    // The kept ones were chosen among all that were measured, so all of them count.
    let not_kept: Vec<Option<Change>> = arm.others.iter().map(|one| arm.change(one)).collect();
    let kept = changes.iter().map(|(_, change)| change.as_ref());
    let corrected = Corrected::holm(kept.chain(not_kept.iter().map(Option::as_ref)));
    let remark = corrected.remark("models");
    changes
        .iter()
        .zip(&corrected.p_values)
        .map(|((measurement, change), adjusted)| {
            let model = arm.model(measurement.model);
            match change {
                Some(change) => format!(
                    "{set}: {model} vs. the base model: {}",
                    change.sentence(adjusted.unwrap_or(1.0), &remark)
                ),
                None => format!("{set}: {model} vs. the base model: nothing to compare"),
            }
        })
        .collect()
}

/// Which model of an arm is best, and how it does on the sets that chose nothing.
fn best(chooses: SetOfArm<'_>, others: &[SetOfArm<'_>]) -> Vec<String> {
    let SetOfArm { set, arm } = chooses;
    let Some(best) = best_of(arm.kept.iter().copied()) else {
        return vec!["no metrics yet".to_owned()];
    };
    let title = match arm.arm {
        None => format!("best model on {set}"),
        Some(name) => format!("{name}: best model on {set}"),
    };
    if arm.kept.len() == 1 {
        return vec![format!(
            "{title}: the base model so far; no iteration is finished"
        )];
    }
    let later = || arm.kept.iter().skip(1).chain(&arm.others);
    if !later().any(|one| arm.change(one).is_some()) {
        return vec![format!(
            "{title}: the base model; nothing could be compared with it"
        )];
    }
    if best.model.is_base() {
        return vec![format!(
            "{title}: the base model; no later one is better by more than one standard error"
        )];
    }
    let place = match arm.arm {
        None => "checkpoints/best".to_owned(),
        Some(name) => format!("arms/{name}/checkpoints/best"),
    };
    let candidates = arm.kept.len() + arm.others.len();
    let held_out: Vec<String> = others
        .iter()
        .filter_map(|other| on(*other, best.model))
        .collect();
    let worth = if held_out.is_empty() {
        let halves = gain_by_halves(arm).map_or_else(String::new, |gain| {
            format!(
                "; where one half of {set} chooses and the other half reports, the gain over the \
                 base model is {gain}"
            )
        });
        format!(
            "{set} chose it among {candidates} models, so its figure there is likely too high\
             {halves}; a second `[[validation]]` set, which chooses nothing, would give a fair one"
        )
    } else {
        format!(
            "{set} chose it among {candidates} models; on sets that chose nothing: {}",
            held_out.join("; ")
        )
    };
    vec![
        format!("{title}: iteration {} ({place})", best.model.iteration),
        worth,
    ]
}

fn on(other: SetOfArm<'_>, model: ModelVersion) -> Option<String> {
    let SetOfArm { set, arm } = other;
    let measurement = arm.kept.iter().find(|one| one.model == model)?;
    let change = arm.change(measurement)?;
    Some(format!(
        "{set}: {}",
        change.sentence(change.p_value(), &Remark::default())
    ))
}

/// How the best model of the run compares with the best model of each arm, on every set.
fn between_arms(first: &SetReport<'_>, sets: &[SetReport<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    let Some((main, arms)) = first.arms.split_first() else {
        return lines;
    };
    let Some(own) = best_of(main.kept.iter().copied()) else {
        return lines;
    };
    for (index, arm) in arms.iter().enumerate() {
        let Some(other) = best_of(arm.kept.iter().copied()) else {
            continue;
        };
        for set in sets {
            let find = |arm: usize, model: ModelVersion| {
                let arm = set.arms.get(arm)?;
                arm.kept.iter().copied().find(|one| one.model == model)
            };
            let pair = find(0, own.model).zip(find(index + 1, other.model));
            let change = pair.and_then(|(own, other)| Change::between_runs(other, own));
            let models = format!(
                "{}: {} vs. {}",
                set.name,
                main.model(own.model),
                arm.model(other.model)
            );
            lines.push(match change {
                Some(change) => format!(
                    "{models}: {}",
                    change.sentence(change.p_value(), &Remark::default())
                ),
                None => format!(
                    "{models}: not compared; this set's judge compares a run with its own base \
                     model only (`tpo compare --judge` lets the two meet)"
                ),
            });
        }
    }
    lines
}
