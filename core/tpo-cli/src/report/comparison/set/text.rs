//! The models of several runs on one validation set, as tables and sentences.

use tpo_run::comparison::{ComparedRun, NotCompared, TokenUse};
use tpo_run::metrics::Measurement;

use super::{SetComparison, SharedPair};
use crate::report::change::Change;
use crate::report::comparison::answers::{ModelFigure, SetAnswers};
use crate::report::comparison::pair::PairReport;
use crate::report::comparison::words::{name_of, reason};
use crate::report::judge::judge_lines;
use crate::report::models::short_name;
use crate::report::table::{Column, Table};
use crate::text::{one_decimal, percent};

/// What is compared in a table by category.
struct CategoryTable<'a> {
    title: String,
    report: &'a PairReport,
    pair: &'a SharedPair,
}

impl SetComparison {
    /// The tables of the set, a sentence per other run, and notes.
    pub(in crate::report::comparison) fn text(
        &self,
        runs: &[ComparedRun],
        judge: Option<&str>,
    ) -> String {
        let Some((first, others)) = runs.split_first() else {
            return String::new();
        };
        let mut text = format!(
            "{} ({} instructions)\n{}",
            self.name,
            self.ids.len(),
            self.table(first, others)
        );
        for (other, pair) in others.iter().zip(&self.others) {
            text += &self.sentence(first, other, pair.as_ref());
        }
        text += &self.curves.text(&self.name);
        if self.categories.is_empty() {
            text += &format!(
                "{}: no instruction has a category (`tpo instructions label` makes them)\n",
                self.name
            );
        }
        for (other, pair) in others.iter().zip(&self.others) {
            let Ok(pair) = pair else { continue };
            if let Ok(report) = &pair.measured {
                let title = format!("by category: {} vs. {}", other.label, first.label);
                text += &self.by_category(
                    first,
                    other,
                    &CategoryTable {
                        title,
                        report,
                        pair,
                    },
                );
            }
            if let Some(judge) = judge {
                text += &self.judged(first, other, pair, judge);
            }
        }
        let mut notes: Vec<&String> = Vec::new();
        for note in self.others.iter().flatten().flat_map(|pair| &pair.notes) {
            // Several pairs may give the same note on the first run.
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        for note in notes {
            text += &format!("{}: {note}\n", self.name);
        }
        text
    }

    /// One row per run. Those whose judge is another one have no score.
    fn table(&self, first: &ComparedRun, others: &[ComparedRun]) -> String {
        let versus = format!("vs. {}", first.label);
        let figure = |run: &ComparedRun, set: &str, ids| {
            let figure = self.figure(run, set, ids);
            figure.map_or_else(|| "-".to_owned(), ModelFigure::text)
        };
        let what = self.figure(first, &self.name, &self.ids);
        let mut table = Table::new(vec![
            Column("", "run"),
            Column("", "model"),
            Column("", "instructions"),
            Column("first", "parse rate"),
            Column("final", "parse rate"),
            Column("", what.map_or("score", ModelFigure::column)),
            Column("", &versus),
            Column("", "95% CI"),
            Column("", "p"),
            Column("thought", "tokens"),
            Column("response", "tokens"),
            Column("tokens per", "completion"),
        ]);
        let mut row = row_head(first, first.measurement(&self.name), self.ids.len());
        row.push(figure(first, &self.name, &self.ids));
        row.extend(["-", "-", "-"].map(str::to_owned));
        row.extend(token_cells(self.first.tokens(&self.ids)));
        table.push(row);
        for (other, pair) in others.iter().zip(&self.others) {
            let Ok(pair) = pair else { continue };
            let shared = &pair.shared;
            let measured = pair.measured.as_ref().ok();
            let paired = measured.map_or(shared.ids.len(), |pair| pair.paired);
            let mut row = row_head(other, other.measurement(&shared.other_name), paired);
            row.push(if pair.has_one_judge() {
                figure(other, &shared.other_name, &shared.ids)
            } else {
                "-".to_owned()
            });
            let change = measured.and_then(|pair| pair.change.as_ref());
            row.extend(change_cells(
                change,
                measured.and_then(|pair| pair.adjusted_p),
            ));
            row.extend(token_cells(pair.answers.tokens(&shared.ids)));
            table.push(row);
        }
        table.text()
    }

    /// How another run compares with the first by what the runs measured, in a line.
    fn sentence(
        &self,
        first: &ComparedRun,
        other: &ComparedRun,
        pair: Result<&SharedPair, &NotCompared>,
    ) -> String {
        let models = format!("{}: {} vs. {}", self.name, name_of(other), name_of(first));
        match pair.and_then(|pair| pair.measured.as_ref()) {
            Ok(report) => format!("{models}: {}\n", report.sentence()),
            Err(why) => format!("{models}: not compared: {}\n", reason(why)),
        }
    }

    /// The responses of the first run against those of another, under the judge that was named.
    fn judged(
        &self,
        first: &ComparedRun,
        other: &ComparedRun,
        pair: &SharedPair,
        judge: &str,
    ) -> String {
        let Some(judged) = &pair.judged else {
            return String::new();
        };
        let report = &judged.pair;
        let ids = &pair.shared.ids;
        let [own, others] = [&self.first, &pair.answers]
            .map(|answers| one_decimal(answers.tokens(ids).tokens_per_completion));
        let mut text = format!(
            "{}, judged by {judge}: {} vs. {}: {}; {own} and {others} tokens per completion\n",
            self.name,
            name_of(first),
            name_of(other),
            report.sentence()
        );
        for line in judge_lines(&judged.metrics) {
            text += &format!("{}, judged by {judge}: {line}\n", self.name);
        }
        let title = format!(
            "judged by {judge}, by category: {} vs. {}",
            first.label, other.label
        );
        text + &self.by_category(
            first,
            other,
            &CategoryTable {
                title,
                report,
                pair,
            },
        )
    }

    /// Nothing if no instruction has a category.
    fn by_category(
        &self,
        first: &ComparedRun,
        other: &ComparedRun,
        shown: &CategoryTable<'_>,
    ) -> String {
        let rows = &shown.report.categories.rows;
        let mut changes = rows.iter().filter_map(|row| row.change.as_ref());
        let Some(what) = changes.next().map(Change::column) else {
            return String::new();
        };
        let mut table = Table::new(vec![
            Column("", "category"),
            Column("", "instructions"),
            Column("", what),
            Column("", "95% CI"),
            Column("", "p"),
            Column("", "verdict"),
            Column(&first.label, "tokens"),
            Column(&other.label, "tokens"),
        ]);
        for row in rows {
            let mut cells = vec![row.name.clone(), row.ids.len().to_string()];
            cells.extend(change_cells(row.change.as_ref(), row.adjusted_p));
            cells.push(row.verdict().to_owned());
            let tokens = |answers: &SetAnswers| answers.tokens(&row.ids).tokens_per_completion;
            cells.push(one_decimal(tokens(&self.first)));
            cells.push(one_decimal(tokens(&shown.pair.answers)));
            table.push(cells);
        }
        let tested = rows.iter().filter(|row| row.adjusted_p.is_some()).count();
        let correction = match tested {
            0 | 1 => String::new(),
            tested => format!(" (p by Benjamini and Hochberg over {tested} categories)"),
        };
        format!(
            "{}, {}{correction}\n{}",
            self.name,
            shown.title,
            table.text()
        )
    }
}

/// The first cells of a run's row.
fn row_head(
    run: &ComparedRun,
    measurement: Option<&Measurement>,
    instructions: usize,
) -> Vec<String> {
    let rates = measurement.map_or(["-", "-"].map(str::to_owned), |measurement| {
        let sampled = &measurement.sampled;
        [sampled.first_parse_rate(), sampled.parse_rate()].map(percent)
    });
    let mut cells = vec![
        run.label.clone(),
        short_name(run.model),
        instructions.to_string(),
    ];
    cells.extend(rates);
    cells
}

/// The mean difference, its interval and its p-value.
fn change_cells(change: Option<&Change>, adjusted_p: Option<f64>) -> [String; 3] {
    let none = || "-".to_owned();
    [
        change.map_or_else(none, Change::mean),
        change.and_then(Change::interval).unwrap_or_else(none),
        adjusted_p.map_or_else(none, |p| format!("{p:.4}")),
    ]
}

fn token_cells(tokens: TokenUse) -> [String; 3] {
    [
        tokens.thought_tokens_mean,
        tokens.response_tokens_mean,
        tokens.tokens_per_completion,
    ]
    .map(one_decimal)
}
