//! The models of a run and of its arms on one validation set: one row per model.

use tpo_run::ModelVersion;
use tpo_run::metrics::{Measurement, Outcomes, Unit, common_floor};

use super::change::Change;
use super::table::{Column, Table};
use crate::text::{one_decimal, percent, printable, score};

/// What a table of scores means where a completion is malformed.
pub(super) const COMPARED_BY_WINS: &str = "where a completion is malformed, models are compared \
    by wins: it has no score, and loses against any response";

/// One validation set.
pub(super) struct SetReport<'a> {
    pub name: &'a str,
    /// The run itself, then its arms.
    pub arms: Vec<ArmReport<'a>>,
}

/// The measurements of one arm on one set, in order.
pub(super) struct ArmReport<'a> {
    /// The name of the arm; none for the run itself.
    pub arm: Option<&'a str>,
    /// The models that the run kept; the base model is first.
    pub kept: Vec<&'a Measurement>,
    /// Models that were measured and not kept.
    pub others: Vec<&'a Measurement>,
}

/// The measurements of one arm, with the name of the set.
#[derive(Clone, Copy)]
pub(super) struct SetOfArm<'a> {
    pub set: &'a str,
    pub arm: &'a ArmReport<'a>,
}

impl SetReport<'_> {
    /// The table of the set.
    pub(super) fn table(&self) -> String {
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
        for arm in &self.arms {
            for measurement in &arm.kept {
                table.push(arm.row(measurement));
            }
        }
        table.text()
    }

    fn score_column(&self) -> &'static str {
        let compares = |one: &&Measurement| matches!(one.outcomes, Outcomes::Comparisons(_));
        let mut arms = self.arms.iter();
        if arms.any(|arm| arm.kept.iter().any(compares)) {
            "win rate"
        } else {
            "score"
        }
    }

    /// A note on what the columns mean where that is not the score, and on the models that were
    /// measured and not kept.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut changes = self
            .arms
            .iter()
            .flat_map(|arm| arm.kept.iter().filter_map(|one| arm.change(one)));
        if self.score_column() == "score" && changes.any(|change| change.unit() == Unit::WinRate) {
            notes.push(format!("{}: {COMPARED_BY_WINS}", self.name));
        }
        for arm in &self.arms {
            let finished = arm.kept.last().map_or(0, |last| last.model.iteration);
            notes.extend(arm.others.iter().map(|other| {
                let fate = if other.model.iteration > finished {
                    "its iteration is not finished"
                } else {
                    "not kept"
                };
                format!("{}: {}: {fate}", self.name, arm.figure(other))
            }));
            let unscored = arm.kept.iter().filter_map(|one| unscored_line(one));
            notes.extend(unscored.map(|line| format!("{}: {line}", self.name)));
        }
        notes
    }
}

impl ArmReport<'_> {
    /// The name of a model in a table: `base` or the iteration, after the arm.
    fn name(&self, model: ModelVersion) -> String {
        match self.arm {
            None => short_name(model),
            Some(arm) => format!("{arm} {}", short_name(model)),
        }
    }

    /// What a sentence about a model begins with.
    pub(super) fn model(&self, model: ModelVersion) -> String {
        let name = model_name(model);
        match self.arm {
            None => name,
            Some(arm) => format!("{arm}, {name}"),
        }
    }

    /// What a malformed completion scores among the models of the arm.
    pub(super) fn floor(&self) -> Option<f64> {
        let all = self.kept.iter().chain(&self.others).copied();
        common_floor(self.kept.first()?, all)
    }

    fn figure(&self, measurement: &Measurement) -> String {
        let figure = match measurement.win_rate(&ModelVersion::BASE) {
            Some(rate) => format!("win rate {}", percent(rate)),
            None => format!("score {}", score(measurement.mean_score(self.floor()))),
        };
        match self.arm {
            None => format!("{}: {figure}", measurement.model),
            Some(arm) => format!("{arm}, {}: {figure}", measurement.model),
        }
    }

    fn row(&self, measurement: &Measurement) -> Vec<String> {
        let sampled = &measurement.sampled;
        let change = self.change(measurement);
        let none = || "-".to_owned();
        vec![
            self.name(measurement.model),
            percent(sampled.first_parse_rate()),
            percent(sampled.parse_rate()),
            match measurement.win_rate(&ModelVersion::BASE) {
                Some(rate) => percent(rate),
                None => score(measurement.mean_score(self.floor())),
            },
            change.as_ref().map_or_else(none, Change::mean),
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
        Change::between(base, measurement, self.floor())
    }
}

/// What sentences call a model.
pub(super) fn model_name(model: ModelVersion) -> String {
    if model.is_base() {
        model.to_string()
    } else {
        format!("iteration {}", model.iteration)
    }
}

/// How many responses of a model the judge failed on, and why; none if it did not.
fn unscored_line(measurement: &Measurement) -> Option<String> {
    let model = model_name(measurement.model);
    if let Outcomes::Comparisons(all) = &measurement.outcomes {
        let rows = all.iter().flat_map(|one| &one.rows);
        let count = rows.filter(|row| row.win.is_none()).count();
        return (count > 0).then(|| format!("{model}: {count} instructions have no verdict"));
    }
    let reasons = &measurement.sampled.unscored;
    let list: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {}", printable(reason)))
        .collect();
    (!list.is_empty()).then(|| format!("{model}: unscored responses: {}", list.join(", ")))
}

/// `base`, or the number of the iteration.
pub(super) fn short_name(model: ModelVersion) -> String {
    if model.is_base() {
        "base".to_owned()
    } else {
        model.iteration.to_string()
    }
}
