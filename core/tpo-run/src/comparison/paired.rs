//! How the models of two runs compare on a set that they share, by what the runs measured.

use std::collections::{BTreeMap, BTreeSet};

use tpo_types::{Failure, rounding};

use super::not_compared::NotCompared;
use super::run::ComparedRun;
use super::shared::SharedSet;
use crate::config::{SettingRow, differing};
use crate::metrics::{Measurement, PairedRow, PairedRows, common_floor};
use crate::model_version::ModelVersion;

/// How the model of `other` compares with that of `first` on a set that they share: positive where
/// the model of `other` is better.
pub fn pair_models(
    first: &ComparedRun,
    other: &ComparedRun,
    shared: &SharedSet,
) -> Result<PairedRows, NotCompared> {
    let judges = judge_differences(first, other, shared);
    if !judges.is_empty() {
        return Err(NotCompared::OtherJudge(judges));
    }
    let first_measured = measured(first, &shared.name, &shared.ids)?;
    let other_measured = measured(other, &shared.other_name, &shared.ids)?;
    let rows = if first.is_same_run(other) {
        let floor = common_floor(&first_measured, [&other_measured]);
        other_measured.compared_with(&first_measured, floor)
    } else {
        other_measured.compared_with_other_run(&first_measured)
    };
    if let Some(rows) = rows {
        return Ok(rows);
    }
    if first.base_identity() != other.base_identity() {
        return Err(NotCompared::OtherBase);
    }
    let (own, others) = (
        wins_against_base(&other_measured, &shared.ids),
        wins_against_base(&first_measured, &shared.ids),
    );
    Ok(gaps(&own, &others))
}

/// Of the instructions that two runs share, those that their base models answered differently. Win
/// rates against the base model are then against different responses.
pub fn base_answers_that_differ(
    first: &ComparedRun,
    other: &ComparedRun,
    shared: &SharedSet,
) -> Result<usize, Failure> {
    let one = first.answers(&shared.name, ModelVersion::BASE)?;
    let two = other.answers(&shared.other_name, ModelVersion::BASE)?;
    let differ = |id: &&String| {
        let [one, two] = [one.get(*id), two.get(*id)].map(|one| one.map(|one| &one.responses));
        one != two
    };
    Ok(shared.ids.iter().filter(differ).count())
}

/// The differences between the judges of two runs on a set that they share. Scores of different
/// judges cannot be compared.
fn judge_differences(
    first: &ComparedRun,
    other: &ComparedRun,
    shared: &SharedSet,
) -> Vec<SettingRow> {
    let judge = |run: &ComparedRun, name: &str| {
        let set = run.sets.iter().find(|set| set.name == name);
        set.map_or_else(BTreeMap::new, |set| set.judge.clone())
    };
    differing(&[judge(first, &shared.name), judge(other, &shared.other_name)])
}

/// The measurement of a run's model on some instructions of a set.
fn measured(
    run: &ComparedRun,
    set: &str,
    ids: &BTreeSet<String>,
) -> Result<Measurement, NotCompared> {
    let measurement = run.measurement(set);
    let measurement = measurement.ok_or_else(|| NotCompared::NotMeasured {
        run: run.label.clone(),
        model: run.model,
    })?;
    Ok(measurement.of_instructions(ids))
}

/// The wins of a model against the base model of its run; the base model itself ties with itself.
fn wins_against_base<'a>(
    measurement: &'a Measurement,
    ids: &'a BTreeSet<String>,
) -> BTreeMap<&'a str, f64> {
    if measurement.model.is_base() {
        ids.iter().map(|id| (id.as_str(), 0.5)).collect()
    } else {
        measurement.wins(&ModelVersion::BASE).unwrap_or_default()
    }
}

fn gaps(own: &BTreeMap<&str, f64>, others: &BTreeMap<&str, f64>) -> PairedRows {
    let rows = own.iter().filter_map(|(id, win)| {
        Some(PairedRow {
            id: (*id).to_owned(),
            difference: rounding::difference(*win, *others.get(id)?),
        })
    });
    PairedRows::of_gaps(rows.collect())
}
