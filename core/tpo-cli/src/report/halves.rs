//! What a set says of the model that it chose, without the optimism of choosing.

use std::collections::HashMap;

use tpo_eval::checkpoints::cross_fit;
use tpo_run::metrics::PairedRows;

use super::change::shown;
use super::models::ArmReport;

/// The gain of the best model over the base model if one half of the instructions chooses and the
/// other half reports, and the other way around. None if there is one model only, or if models were
/// compared in different ways.
pub(super) fn gain_by_halves(arm: &ArmReport<'_>) -> Option<String> {
    let base = arm.kept.first()?;
    let floor = arm.floor();
    let later = arm.kept.iter().skip(1).chain(&arm.others);
    let compared: Vec<PairedRows> = later
        .map(|model| model.compared_with(base, floor))
        .collect::<Option<_>>()?;
    let unit = compared.first()?.unit;
    if compared.len() < 2 || compared.iter().any(|rows| rows.unit != unit) {
        return None;
    }
    let gains = common_gains(&compared);
    let report = cross_fit(&gains).ok()?;
    Some(shown(unit, report.mean))
}

/// The gains of every model on the instructions that all have, and those of the base model, which
/// are 0.
fn common_gains(compared: &[PairedRows]) -> Vec<Vec<f64>> {
    let by_id: Vec<HashMap<&str, f64>> = compared
        .iter()
        .map(|rows| {
            let rows = rows.rows.iter();
            rows.map(|row| (row.id.as_str(), row.difference)).collect()
        })
        .collect();
    let first = compared.first().map_or(&[] as &[_], |rows| &rows.rows);
    let ids: Vec<&str> = first
        .iter()
        .map(|row| row.id.as_str())
        .filter(|id| by_id.iter().all(|gains| gains.contains_key(id)))
        .collect();
    let of_models = by_id
        .iter()
        .map(|gains| ids.iter().map(|id| gains[id]).collect());
    [vec![0.0; ids.len()]]
        .into_iter()
        .chain(of_models)
        .collect()
}

#[cfg(test)]
mod tests {
    use tpo_eval::Scale;
    use tpo_run::metrics::PairedRow;

    use super::*;

    #[test]
    fn only_instructions_that_every_model_has_count() {
        let rows = |differences: &[(&str, f64)]| {
            let rows = differences.iter().map(|(id, difference)| PairedRow {
                id: (*id).to_owned(),
                difference: *difference,
            });
            PairedRows::of_scores(Scale::Continuous, rows.collect())
        };
        let gains = common_gains(&[
            rows(&[("a", 1.0), ("b", 2.0), ("c", 3.0)]),
            rows(&[("c", 5.0), ("a", 4.0)]),
        ]);
        assert_eq!(gains, [vec![0.0, 0.0], vec![1.0, 3.0], vec![4.0, 5.0]]);
    }
}
