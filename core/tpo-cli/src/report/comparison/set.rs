//! The models of several runs on one validation set of the first.

mod text;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tpo_judge::{GuardedScoring, JudgeMetrics};
use tpo_run::comparison::{
    ComparedRun, NotCompared, RecordedSet, SharedSet, judge_pair, pair_models, shared_set,
};
use tpo_run::metrics::common_floor;
use tpo_types::Failure;

use super::answers::{ModelFigure, SetAnswers};
use super::categories::CategoryOf;
use super::curves::{Curves, OnSet};
use super::notes;
use super::pair::PairReport;
use crate::report::corrected::Corrected;

/// The models of several runs on one validation set of the first.
pub(super) struct SetComparison {
    name: String,
    /// The first run's instructions.
    ids: BTreeSet<String>,
    categories: CategoryOf,
    /// The score of a malformed completion.
    floor: Option<f64>,
    first: SetAnswers,
    /// One per other run, in order.
    others: Vec<Result<SharedPair, NotCompared>>,
    curves: Curves,
}

/// The first run and another one on the instructions that they share.
struct SharedPair {
    shared: SharedSet,
    answers: SetAnswers,
    /// By what the runs measured: positive where the other run is better.
    measured: Result<PairReport, NotCompared>,
    /// By the judge that the user named: positive where the first run is better.
    judged: Option<JudgedReport>,
    notes: Vec<String>,
}

/// The responses of two models under a judge.
struct JudgedReport {
    pair: PairReport,
    metrics: JudgeMetrics,
}

impl SetComparison {
    /// Compares the other runs with the first on one of its sets.
    pub(super) fn of(
        first: &ComparedRun,
        set: &RecordedSet,
        others: &[ComparedRun],
    ) -> Result<Self, Failure> {
        let categories = CategoryOf::of(set);
        let pair = |other: &ComparedRun| match shared_set(set, other) {
            Ok(shared) => SharedPair::of(first, other, shared, &categories).map(Ok),
            Err(why) => Ok(Err(why)),
        };
        let pairs = others.iter().map(pair);
        let mut pairs = pairs.collect::<Result<Vec<_>, Failure>>()?;
        correct(&mut pairs, |pair| pair.measured.as_mut().ok());
        // The first run's base model is the first of those that it kept.
        let kept = first.kept(&set.name);
        let floor = kept
            .first()
            .and_then(|base| common_floor(base, kept.iter().copied()));
        let on_set = OnSet {
            run: first,
            set: &set.name,
        };
        let ids: BTreeSet<String> = set.instructions.iter().map(|one| one.id.clone()).collect();
        Ok(Self {
            name: set.name.clone(),
            curves: curves(on_set, ids.clone(), others, &pairs, floor)?,
            ids,
            categories,
            floor,
            first: SetAnswers::of(first, &set.name, first.model)?,
            others: pairs,
        })
    }

    /// How many responses a judge would be asked about.
    pub(super) fn responses(&self) -> usize {
        let pairs = self.others.iter().flatten();
        let of_pair = pairs.map(|pair| {
            let ids = &pair.shared.ids;
            self.first.responses(ids) + pair.answers.responses(ids)
        });
        of_pair.sum()
    }

    /// Lets a judge compare the responses of the first run with those of the others.
    pub(super) fn judge(
        &mut self,
        first: &ComparedRun,
        others: &[ComparedRun],
        scoring: &GuardedScoring<'_>,
        on_judged: &dyn Fn(usize),
    ) -> Result<(), Failure> {
        for (other, pair) in others.iter().zip(&mut self.others) {
            let Ok(pair) = pair else {
                continue;
            };
            let judged = judge_pair(scoring, first, other, &pair.shared, on_judged)?;
            let size = pair.shared.ids.len();
            pair.notes.extend(notes::on_judged(&judged, first, other));
            pair.judged = Some(JudgedReport {
                pair: PairReport::of(&judged.rows, size, &self.categories),
                metrics: judged.metrics,
            });
        }
        correct(&mut self.others, |pair| {
            pair.judged.as_mut().map(|judged| &mut judged.pair)
        });
        Ok(())
    }

    /// The set of an other run that this one is compared with.
    pub(super) fn counterpart(&self, other: usize) -> Option<&str> {
        let pair = self.others.get(other)?.as_ref().ok()?;
        Some(&pair.shared.other_name)
    }

    /// The figure of a run's model on some instructions of the set.
    fn figure(&self, run: &ComparedRun, set: &str, ids: &BTreeSet<String>) -> Option<ModelFigure> {
        let measurement = run.measurement(set)?;
        Some(ModelFigure::of(measurement, ids, self.floor))
    }

    /// The same for programs.
    pub(super) fn json(&self, runs: &[ComparedRun]) -> Value {
        let Some((first, others)) = runs.split_first() else {
            return Value::Null;
        };
        let figure = |run: &ComparedRun, set: &str, ids: &BTreeSet<String>| {
            let figure = self.figure(run, set, ids)?;
            Some(json!({ "unit": figure.unit(), "value": figure.value() }))
        };
        let pairs = others.iter().zip(&self.others).map(|(other, pair)| {
            let pair = match pair {
                Ok(pair) => pair,
                Err(why) => return json!({ "run": other.label, "not_compared": why }),
            };
            let shared = &pair.shared;
            let tokens = |ids: &BTreeSet<String>| {
                json!({ "first": self.first.tokens(ids), "other": pair.answers.tokens(ids) })
            };
            let judged = pair.judged.as_ref().map(|judged| {
                let result = directed(judged.pair.json(&tokens), &first.label, &other.label);
                json!({ "result": result, "consistency": judged.metrics })
            });
            let measured = pair.measured.as_ref();
            json!({
                "run": other.label,
                "set": shared.other_name,
                "shared_instructions": shared.ids.len(),
                "instructions": shared.other_size,
                "figure": figure(other, &shared.other_name, &shared.ids),
                "figure_of_first": figure(first, &self.name, &shared.ids),
                "tokens": tokens(&shared.ids),
                "measured": measured
                    .ok()
                    .map(|pair| directed(pair.json(&tokens), &other.label, &first.label)),
                "not_compared": measured.err(),
                "judged": judged,
                "notes": pair.notes,
            })
        });
        json!({
            "name": self.name,
            "instructions": self.ids.len(),
            "has_categories": !self.categories.is_empty(),
            "figure": figure(first, &self.name, &self.ids),
            "tokens": self.first.tokens(&self.ids),
            "others": pairs.collect::<Vec<Value>>(),
            "by_iteration": self.curves.json(),
        })
    }
}

impl SharedPair {
    fn of(
        first: &ComparedRun,
        other: &ComparedRun,
        shared: SharedSet,
        categories: &CategoryOf,
    ) -> Result<Self, Failure> {
        let rows = pair_models(first, other, &shared);
        let notes = notes::on_pair(first, other, &shared, rows.as_ref().ok())?;
        Ok(Self {
            answers: SetAnswers::of(other, &shared.other_name, other.model)?,
            measured: rows.map(|rows| PairReport::of(&rows, shared.ids.len(), categories)),
            judged: None,
            notes,
            shared,
        })
    }

    /// Whether both runs measured the set with one judge.
    fn has_one_judge(&self) -> bool {
        !matches!(self.measured, Err(NotCompared::OtherJudge(_)))
    }
}

/// Adds whose gain it is: that of the run `of`, compared with the run `against`.
fn directed(mut report: Value, of: &str, against: &str) -> Value {
    report["of"] = json!(of);
    report["against"] = json!(against);
    report
}

/// Corrects the p-values of the reports that `pick` finds for their number.
fn correct(
    pairs: &mut [Result<SharedPair, NotCompared>],
    pick: impl Fn(&mut SharedPair) -> Option<&mut PairReport>,
) {
    let mut reports: Vec<&mut PairReport> = pairs.iter_mut().flatten().filter_map(pick).collect();
    let corrected = Corrected::holm(reports.iter().map(|report| report.change.as_ref()));
    let remark = corrected.remark("runs");
    for (report, adjusted_p) in reports.iter_mut().zip(corrected.p_values) {
        report.adjusted_p = adjusted_p;
        report.remark.clone_from(&remark);
    }
}

/// The models of all runs that measured the set with the judge of the first, on the instructions
/// that all of them have.
fn curves(
    first: OnSet<'_>,
    mut ids: BTreeSet<String>,
    others: &[ComparedRun],
    pairs: &[Result<SharedPair, NotCompared>],
    floor: Option<f64>,
) -> Result<Curves, Failure> {
    let mut runs = vec![first];
    for (run, pair) in others.iter().zip(pairs) {
        if let Ok(pair) = pair
            && pair.has_one_judge()
        {
            ids.retain(|id| pair.shared.ids.contains(id));
            let set = &pair.shared.other_name;
            runs.push(OnSet { run, set });
        }
    }
    Curves::of(&runs, &ids, floor)
}
