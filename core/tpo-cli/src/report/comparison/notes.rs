//! What to know before reading the numbers of a comparison.

use std::collections::HashMap;

use tpo_judge::standalone::StandaloneJudge;
use tpo_run::comparison::{
    ComparedRun, JudgedPair, SharedSet, base_answers_that_differ, sampling_differences,
};
use tpo_run::differences_in_tokens;
use tpo_run::metrics::{Outcomes, PairedRows, Unit};
use tpo_types::{BoundModel, Failure, Instruction};

use super::words::{differences, name_of};
use crate::report::models::COMPARED_BY_WINS;

/// On the runs as a whole: models that are the same, or count in other tokens, and what they were
/// trained on.
pub(super) fn on_runs(runs: &[ComparedRun]) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let Some((first, others)) = runs.split_first() else {
        return Ok(notes);
    };
    let train = first.train()?;
    for (at, other) in others.iter().enumerate() {
        let mut earlier = runs[..=at].iter();
        let same =
            earlier.find(|one| one.identity().is_some() && one.identity() == other.identity());
        if let Some(same) = same {
            notes.push(format!(
                "{} and {} are the same model: it has the same files in both",
                name_of(same),
                name_of(other)
            ));
        }
        notes.extend(on_training(first, &train, other)?);
        if let (Some(own), Some(units)) = (first.token_units(), other.token_units()) {
            notes.extend(differences_in_tokens(
                &other.label,
                units,
                &first.label,
                own,
            ));
        }
    }
    notes.extend(runs.iter().filter_map(|run| {
        let unfinished = run.unfinished()?;
        let chosen = run.is_chosen.then_some("; its best model may change");
        Some(format!(
            "{}: {unfinished}{}",
            run.label,
            chosen.unwrap_or_default()
        ))
    }));
    Ok(notes)
}

/// Whether two runs were trained on the same instructions.
fn on_training(
    first: &ComparedRun,
    train: &[Instruction],
    other: &ComparedRun,
) -> Result<Option<String>, Failure> {
    let of_first: HashMap<&str, &Instruction> =
        train.iter().map(|one| (one.id.as_str(), one)).collect();
    let of_other = other.train()?;
    let shared = of_other
        .iter()
        .filter(|one| {
            of_first
                .get(one.id.as_str())
                .is_some_and(|same| same.messages == one.messages)
        })
        .count();
    let is_same = shared == of_other.len() && shared == train.len();
    Ok((!is_same).then(|| {
        format!(
            "{} and {} have {shared} training instructions in common, of {} and {}",
            first.label,
            other.label,
            train.len(),
            of_other.len()
        )
    }))
}

/// On two runs on a set that they share. `rows` is what they measured, where it can be compared.
pub(super) fn on_pair(
    first: &ComparedRun,
    other: &ComparedRun,
    shared: &SharedSet,
    rows: Option<&PairedRows>,
) -> Result<Vec<String>, Failure> {
    let (one, two) = (&first.label, &other.label);
    let mut notes = Vec::new();
    if shared.other_name != shared.name {
        notes.push(format!("the set is called {} in {two}", shared.other_name));
    }
    if shared.is_partial() {
        notes.push(format!(
            "{one} and {two} share {} instructions, of {} and {}; they are compared on those",
            shared.ids.len(),
            shared.size,
            shared.other_size
        ));
    }
    if shared.other_category > 0 {
        notes.push(format!(
            "{} shared instructions have another category in {two} than in {one}, which a judge \
             may read",
            shared.other_category
        ));
    }
    let sampling = sampling_differences(first, other, shared);
    if !sampling.is_empty() {
        notes.push(format!(
            "{one} and {two} sampled their answers differently ({}), and a difference may come \
             from that",
            differences(&sampling)
        ));
    }
    notes.extend(
        on_choice(first, &shared.name)
            .into_iter()
            .chain(on_choice(other, &shared.other_name)),
    );
    match rows.map(|rows| rows.unit) {
        Some(Unit::WinRateGap) => notes.push(on_gap(first, other, shared)?),
        Some(Unit::WinRate) if has_scores(first, &shared.name) => {
            notes.push(COMPARED_BY_WINS.to_owned());
        }
        _ => {}
    }
    Ok(notes)
}

/// Whether the set chose the model of a run, whose figure on it is then too high.
fn on_choice(run: &ComparedRun, own_name: &str) -> Option<String> {
    let chooses = &run.sets.first()?.name;
    (chooses == own_name && !run.model.is_base()).then(|| {
        format!(
            "the set chose {} among {} models, so that its figure here is likely too high",
            name_of(run),
            run.measured_models(chooses)
        )
    })
}

fn has_scores(run: &ComparedRun, set: &str) -> bool {
    let measurement = run.measurement(set);
    measurement.is_some_and(|one| matches!(one.outcomes, Outcomes::Scores(_)))
}

fn on_gap(first: &ComparedRun, other: &ComparedRun, shared: &SharedSet) -> Result<String, Failure> {
    let differ = base_answers_that_differ(first, other, shared)?;
    let other_responses = match differ {
        0 => String::new(),
        _ => format!(
            ", which answered {differ} of the {} instructions differently in the two runs, so that \
             the opponents are not the same responses",
            shared.ids.len()
        ),
    };
    Ok(format!(
        "{} and {} have not met: their difference is that of two win rates against the base model \
         of both{other_responses}; `--judge` lets the two meet",
        name_of(first),
        name_of(other)
    ))
}

/// The sets of a run that no set of the first is compared with, except those that are `told` of.
pub(super) fn on_other_sets(run: &ComparedRun, told: &[&str]) -> Vec<String> {
    let sets = run.sets.iter().map(|set| set.name.as_str());
    sets.filter(|name| !told.contains(name))
        .map(|name| {
            format!(
                "the set {name} of {} is not compared: the first run has no set with its \
                 instructions",
                run.label
            )
        })
        .collect()
}

/// On two runs under a judge.
pub(super) fn on_judged(
    judged: &JudgedPair,
    first: &ComparedRun,
    other: &ComparedRun,
) -> Option<String> {
    judged.leaves_out_samples.then(|| {
        format!(
            "{} and {} have different numbers of samples per instruction: the judge is shown the \
             first {} of each",
            first.label, other.label, judged.num_samples
        )
    })
}

/// Whether the judge asks a model that is compared, or that one of them was trained from.
pub(super) fn on_judge(
    runs: &[ComparedRun],
    judge: &StandaloneJudge,
) -> Result<Vec<String>, Failure> {
    let bound: Vec<BoundModel> = judge
        .models
        .as_ref()
        .map(|models| models.bound())
        .unwrap_or_default();
    let mut notes = Vec::new();
    if bound.is_empty() {
        return Ok(notes);
    }
    for run in runs {
        // The files of a checkpoint may be gone.
        let compared = match run.checkpoint()? {
            Some(path) => Some(tpo_lm::local_model::identity(&path)?),
            None => run.identity().map(str::to_owned),
        };
        for model in &bound {
            let identity = Some(model.identity.as_str());
            let what = if identity == compared.as_deref() {
                name_of(run)
            } else if identity == run.base_identity() {
                format!("the base model of {}", run.label)
            } else {
                continue;
            };
            notes.push(format!(
                "warning: the model {} that the judge asks is {what}: it favors its own answers; \
                 use another model",
                model.alias
            ));
        }
    }
    Ok(notes)
}
