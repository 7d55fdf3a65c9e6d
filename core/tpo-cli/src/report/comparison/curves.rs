//! The models of several runs on one set, iteration by iteration.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tpo_run::comparison::{ComparedRun, TokenUse};
use tpo_run::metrics::Measurement;
use tpo_types::Failure;

use super::answers::{ModelFigure, SetAnswers};
use crate::report::table::{Column, Table};
use crate::text::one_decimal;

/// One column per run.
pub(super) struct Curves {
    curves: Vec<Curve>,
    /// The instructions that all of the runs have.
    instructions: usize,
}

/// A run whose models are shown, and what it calls the set.
pub(super) struct OnSet<'a> {
    pub run: &'a ComparedRun,
    pub set: &'a str,
}

/// The models of one run.
struct Curve {
    label: String,
    points: Vec<Point>,
}

/// The model that an iteration ended with; iteration 0 is the base model.
struct Point {
    iteration: usize,
    figure: ModelFigure,
    tokens: TokenUse,
}

impl Curves {
    /// The curves of the runs over the instructions `ids`, which all of them have. Their judges are
    /// the same.
    pub(super) fn of(
        runs: &[OnSet<'_>],
        ids: &BTreeSet<String>,
        floor: Option<f64>,
    ) -> Result<Self, Failure> {
        let curve = |one: &OnSet<'_>| {
            let points = one.run.kept(one.set).into_iter().map(|measurement| {
                let Measurement { model, .. } = measurement;
                Ok(Point {
                    iteration: model.iteration,
                    figure: ModelFigure::of(measurement, ids, floor),
                    tokens: SetAnswers::of(one.run, one.set, *model)?.tokens(ids),
                })
            });
            Ok(Curve {
                label: one.run.label.clone(),
                points: points.collect::<Result<_, Failure>>()?,
            })
        };
        Ok(Self {
            curves: runs.iter().map(curve).collect::<Result<_, Failure>>()?,
            instructions: ids.len(),
        })
    }

    /// A table with a row per iteration; nothing where no instruction is in all runs.
    pub(super) fn text(&self, set: &str) -> String {
        let mut points = self.curves.iter().flat_map(|curve| &curve.points);
        if self.instructions == 0 {
            return format!("{set}, by iteration: no instruction is in all of the runs\n");
        }
        let Some(what) = points.next().map(|point| point.figure.column()) else {
            return String::new();
        };
        let mut head = vec![Column("", "model")];
        for curve in &self.curves {
            head.extend([
                Column(&curve.label, what),
                Column("tokens per", "completion"),
            ]);
        }
        let mut table = Table::new(head);
        let iterations = points.map(|point| point.iteration).max().unwrap_or(0);
        for iteration in 0..=iterations {
            let mut row = vec![match iteration {
                0 => "base".to_owned(),
                number => number.to_string(),
            }];
            for curve in &self.curves {
                let mut points = curve.points.iter();
                let cells = match points.find(|point| point.iteration == iteration) {
                    Some(point) => [
                        point.figure.text(),
                        one_decimal(point.tokens.tokens_per_completion),
                    ],
                    None => ["-", "-"].map(str::to_owned),
                };
                row.extend(cells);
            }
            table.push(row);
        }
        let against = match what {
            "win rate" => ", win rate against the own base model",
            _ => "",
        };
        format!(
            "{set}, by iteration ({} instructions{against})\n{}",
            self.instructions,
            table.text()
        )
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let curves = self.curves.iter().map(|curve| {
            let points = curve.points.iter().map(|point| {
                json!({
                    "iteration": point.iteration,
                    "unit": point.figure.unit(),
                    "value": point.figure.value(),
                    "tokens": point.tokens,
                })
            });
            json!({ "run": curve.label, "points": points.collect::<Vec<Value>>() })
        });
        json!({
            "instructions": self.instructions,
            "runs": curves.collect::<Vec<Value>>(),
        })
    }
}
