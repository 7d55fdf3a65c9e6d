//! Runs side by side: what differs between them, and how their models compare.

mod answers;
mod categories;
mod curves;
mod notes;
mod pair;
mod set;
mod settings;
mod words;

use serde_json::{Value, json};
use tpo_judge::standalone::StandaloneJudge;
use tpo_run::comparison::{ComparedRun, differing_components, differing_settings};
use tpo_types::Failure;

use self::set::SetComparison;
use super::models::model_name;
use crate::text::{printable, printable_json};

/// A comparison of the models of several runs with that of the first.
pub(crate) struct ComparisonReport {
    runs: Vec<ComparedRun>,
    /// One per validation set of the first run.
    sets: Vec<SetComparison>,
    /// What to know before reading the numbers.
    notes: Vec<String>,
    /// The judge that compared the responses, if one was asked to.
    judge: Option<String>,
}

impl ComparisonReport {
    /// Compares what the runs measured. The first of `runs` is the one that the others are compared
    /// with.
    pub(crate) fn of(runs: Vec<ComparedRun>) -> Result<Self, Failure> {
        let mut sets = Vec::new();
        let mut notes = notes::on_runs(&runs)?;
        if let Some((first, others)) = runs.split_first() {
            for set in &first.sets {
                sets.push(SetComparison::of(first, set, others)?);
            }
            for (index, other) in others.iter().enumerate() {
                let compared = sets.iter().filter_map(|set| set.counterpart(index));
                let named = first.sets.iter().map(|set| set.name.as_str());
                let told: Vec<&str> = compared.chain(named).collect();
                notes.extend(notes::on_other_sets(other, &told));
            }
        }
        Ok(Self {
            notes,
            sets,
            runs,
            judge: None,
        })
    }

    /// How many responses a judge would be asked about.
    pub(crate) fn responses(&self) -> usize {
        self.sets.iter().map(SetComparison::responses).sum()
    }

    /// Lets a judge compare the responses of the first run with those of the others.
    pub(crate) fn judge(
        &mut self,
        judge: &StandaloneJudge,
        on_judged: &dyn Fn(usize),
    ) -> Result<(), Failure> {
        let plugins = judge.plugins.iter();
        let names: Vec<String> = plugins
            .map(|loaded| printable(&loaded.plugin.name))
            .collect();
        self.notes.extend(notes::on_judge(&self.runs, judge)?);
        let Some((first, others)) = self.runs.split_first() else {
            return Ok(());
        };
        for set in &mut self.sets {
            set.judge(first, others, &judge.guarded(), on_judged)?;
        }
        self.judge = Some(names.join(" + "));
        Ok(())
    }

    /// The report as text.
    pub(crate) fn text(&self) -> String {
        let labels: Vec<&str> = self.runs.iter().map(|run| run.label.as_str()).collect();
        let mut blocks = vec![
            self.runs.iter().map(head).collect::<String>(),
            settings::text(&self.runs, &labels),
        ];
        for set in &self.sets {
            blocks.push(set.text(&self.runs, self.judge.as_deref()));
        }
        if !self.notes.is_empty() {
            let notes = self.notes.iter().map(|note| format!("{note}\n"));
            blocks.push(notes.collect());
        }
        printable(blocks.join("\n").trim_end())
    }

    /// The report for programs.
    pub(crate) fn json(&self) -> String {
        let runs = self.runs.iter().map(|run| {
            json!({
                "label": run.label,
                "directory": run.directory.root().display().to_string(),
                "model": run.model,
                "chosen_by_the_run": run.is_chosen,
                "unfinished": run.unfinished(),
                "model_identity": run.identity(),
                "base_model_identity": run.base_identity(),
            })
        });
        let sets = self.sets.iter().map(|set| set.json(&self.runs));
        printable_json(&json!({
            "schema_version": 1,
            "runs": runs.collect::<Vec<Value>>(),
            "settings": differing_settings(&self.runs),
            "components": differing_components(&self.runs),
            "judge": self.judge,
            "validation_sets": sets.collect::<Vec<Value>>(),
            "notes": self.notes,
        }))
    }
}

/// One line on a run.
fn head(run: &ComparedRun) -> String {
    let chosen = match (run.is_chosen, run.sets.first()) {
        (true, Some(set)) => format!(" (best on {})", set.name),
        _ => String::new(),
    };
    let unfinished = run
        .unfinished()
        .map_or_else(String::new, |what| format!("; {what}"));
    format!(
        "{}: {} of {}{chosen}{unfinished}\n",
        run.label,
        model_name(run.model),
        run.directory.root().display()
    )
}
