//! The models of a run on one validation set: one row per model.

use tpo_run::ModelVersion;
use tpo_run::metrics::{Measurement, Outcomes, Unit, floor_of};

use super::change::Change;
use super::table::{Column, Table};
use crate::text::{one_decimal, percent, score};

/// The measurements of the models that a run kept, on one set, in order. The base model is first.
pub(super) struct SetReport<'a> {
    pub name: &'a str,
    pub kept: Vec<&'a Measurement>,
    /// Models that were measured and not kept.
    pub others: Vec<&'a Measurement>,
}

impl SetReport<'_> {
    /// The table of the set.
    pub(super) fn table(&self) -> String {
        let floor = floor_of(self.kept.iter().copied());
        let mut table = Table::new(vec![
            Column("", "model"),
            Column("first", "parse rate"),
            Column("final", "parse rate"),
            Column("", self.score_column()),
            Column("", "vs. base"),
            Column("", "95% CI"),
            Column("thought", "tokens"),
            Column("response", "tokens"),
            Column("tokens per", "completion"),
        ]);
        for measurement in &self.kept {
            table.push(self.row(measurement, floor));
        }
        table.text()
    }

    fn score_column(&self) -> &'static str {
        let compares = |one: &&Measurement| matches!(one.outcomes, Outcomes::Comparisons(_));
        if self.kept.iter().any(compares) {
            "win rate"
        } else {
            "score"
        }
    }

    fn row(&self, measurement: &Measurement, floor: f64) -> Vec<String> {
        let sampled = &measurement.sampled;
        let change = self.change(measurement);
        let none = || "-".to_owned();
        vec![
            short_name(measurement.model),
            percent(sampled.first_parse_rate()),
            percent(sampled.parse_rate()),
            match measurement.win_rate(ModelVersion::BASE) {
                Some(rate) => percent(rate),
                None => score(measurement.mean_score(floor)),
            },
            change.as_ref().map_or_else(none, |change| change.mean()),
            change
                .as_ref()
                .and_then(Change::interval)
                .unwrap_or_else(none),
            one_decimal(sampled.thought_tokens_mean),
            one_decimal(sampled.response_tokens_mean),
            one_decimal(sampled.tokens_per_completion),
        ]
    }

    /// How a model compares with the base model; none for the base model itself.
    pub(super) fn change(&self, measurement: &Measurement) -> Option<Change> {
        let base = self.kept.first()?;
        if measurement.model == base.model {
            return None;
        }
        Change::between(base, measurement)
    }

    /// A note on what the columns mean where that is not the score, and on the models that were
    /// measured and not kept.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let by_wins = self
            .kept
            .iter()
            .filter_map(|one| self.change(one))
            .any(|change| change.unit() == Unit::WinRate);
        if by_wins {
            notes.push(format!(
                "{}: models are compared by wins: a malformed completion has no score and loses \
                 against any response",
                self.name
            ));
        }
        let floor = floor_of(self.kept.iter().copied());
        for other in &self.others {
            let figure = match other.win_rate(ModelVersion::BASE) {
                Some(rate) => format!("win rate {}", percent(rate)),
                None => format!("score {}", score(other.mean_score(floor))),
            };
            notes.push(format!("{}: {}: {figure}; not kept", self.name, other.model));
        }
        notes
    }
}

/// `base`, or the number of the iteration.
pub(super) fn short_name(model: ModelVersion) -> String {
    if model.is_base() {
        "base".to_owned()
    } else {
        model.iteration.to_string()
    }
}
