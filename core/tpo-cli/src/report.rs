//! The metrics of a run as text.

mod alarm;
mod bench;
mod change;
mod comparison;
mod corrected;
mod evaluation;
mod example;
mod halves;
mod judge;
mod label;
mod models;
mod remark;
mod table;
mod training;
mod verdict;

use std::fmt::Write;

use tpo_run::ModelVersion;
use tpo_run::metrics::{
    IterationMetrics, Measurement, ReasonCounts, SampleMetrics, SelectorMetrics, SideTokens,
    is_kept,
};

use self::models::{ArmReport, SetReport};
use crate::text::{one_decimal, percent, printable, score};

pub(crate) use bench::{bench_line, bench_text};
pub(crate) use comparison::ComparisonReport;
pub(crate) use evaluation::evaluation_text;
pub(crate) use example::example_text;
pub(crate) use judge::judge_lines;
pub(crate) use label::label_text;

/// The metrics of a run: what it stored, in order.
pub(crate) struct RunMetrics {
    /// The arm that it is; none for the run itself.
    pub arm: Option<String>,
    /// One per finished iteration.
    pub iterations: Vec<IterationMetrics>,
    /// One per validation set and model.
    pub measurements: Vec<Measurement>,
    /// The names of the validation sets, the one that chooses first.
    pub sets: Vec<String>,
}

/// One line on a measurement.
pub(crate) fn measurement_line(measurement: &Measurement) -> String {
    let sampled = &measurement.sampled;
    let figure = match measurement.win_rate(&ModelVersion::BASE) {
        Some(rate) => format!("win rate {} against the base model", percent(rate)),
        None => format!("score {}", score(measurement.mean_score(None))),
    };
    format!(
        "{}: {} {figure}, {}",
        measurement.model,
        measurement.set,
        sample_line(sampled)
    )
}

/// One line on an iteration.
pub(crate) fn iteration_line(metrics: &IterationMetrics) -> String {
    let train = &metrics.train;
    format!(
        "iteration {}: {} pairs, loss {:.4}, reward margin {:+.4}, reward accuracy {}; sampled from \
         the {}: score {}, {}",
        metrics.iteration,
        metrics.pairs,
        train.loss,
        train.margin,
        percent(train.accuracy),
        metrics.sampled_from,
        score(metrics.sampled.score_mean),
        sample_line(&metrics.sampled),
    )
}

fn sample_line(sampled: &SampleMetrics) -> String {
    format!(
        "parse rate {}, thought {} tokens, response {} tokens",
        percent(sampled.parse_rate()),
        one_decimal(sampled.thought_tokens_mean),
        one_decimal(sampled.response_tokens_mean),
    )
}

/// The tables of a run and its arms, what was dropped and why, and whether the models became
/// better.
pub(crate) fn whole(runs: &[RunMetrics]) -> String {
    let sets = sets(runs);
    let mut text = String::new();
    for (index, set) in sets.iter().enumerate() {
        let role = if index == 0 {
            "chooses the best model"
        } else {
            "chooses nothing"
        };
        write_block(&mut text, &format!("{} ({role})", set.name), &set.table());
    }
    for run in runs.iter().filter(|run| !run.iterations.is_empty()) {
        let title = |what: &str| match &run.arm {
            None => what.to_owned(),
            Some(arm) => format!("{arm}: {what}"),
        };
        let iterations = &run.iterations;
        let sampled = training::sampled(iterations);
        write_block(&mut text, &title("sampled for training"), &sampled);
        write_block(
            &mut text,
            &title("training"),
            &training::trained(iterations),
        );
        for line in notes(iterations) {
            text += &title(&line);
            text.push('\n');
        }
    }
    for line in sets.iter().flat_map(SetReport::notes) {
        text += &line;
        text.push('\n');
    }
    text + &verdict::sentences(&sets).join("\n")
}

fn write_block(text: &mut String, title: &str, table: &str) {
    *text += &format!("{title}\n{table}\n");
}

/// The measurements on each set of the first run, for the run and its arms.
fn sets(runs: &[RunMetrics]) -> Vec<SetReport<'_>> {
    let names = runs.first().map_or(&[] as &[String], |run| &run.sets);
    names
        .iter()
        .map(|name| SetReport {
            name,
            arms: runs.iter().map(|run| arm_report(name, run)).collect(),
        })
        .collect()
}

fn arm_report<'a>(set: &str, run: &'a RunMetrics) -> ArmReport<'a> {
    let measured = run.measurements.iter().filter(|one| one.set == set);
    let (kept, others) = measured.partition(|one| is_kept(one, &run.iterations));
    ArmReport {
        arm: run.arm.as_deref(),
        kept,
        others,
    }
}

/// What was dropped and why, and how consistent the judges are.
fn notes(iterations: &[IterationMetrics]) -> Vec<String> {
    let mut text = String::new();
    for metrics in iterations {
        for (title, reasons) in [
            ("dropped instructions", &metrics.drops),
            ("malformed completions", &metrics.sampled.malformed),
            ("unscored responses", &metrics.sampled.unscored),
        ] {
            write_reasons(&mut text, metrics.iteration, title, reasons);
        }
        for line in judge_lines(&metrics.judge) {
            let _ = writeln!(text, "iteration {}, judge: {line}", metrics.iteration);
        }
        if let Some(line) = selector_line(&metrics.selector) {
            let _ = writeln!(text, "iteration {}, pairs: {line}", metrics.iteration);
        }
    }
    text.lines().map(str::to_owned).collect()
}

fn write_reasons(text: &mut String, iteration: usize, title: &str, reasons: &ReasonCounts) {
    if reasons.is_empty() {
        return;
    }
    let list: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "iteration {iteration}, {title}: {}", list.join(", "));
}

/// The lengths of the chosen and rejected sides and the selector's own metrics; none if no pair has
/// two parsed sides.
fn selector_line(metrics: &SelectorMetrics) -> Option<String> {
    let mut parts = vec![
        sides("response", metrics.response_tokens)?,
        sides("thought", metrics.thought_tokens)?,
    ];
    for (name, value) in &metrics.reported {
        parts.push(format!("{} {}", printable(name), four_decimals(*value)));
    }
    Some(parts.join(", "))
}

fn sides(name: &str, sides: SideTokens) -> Option<String> {
    let (chosen, rejected) = (one_decimal(sides.chosen?), one_decimal(sides.rejected?));
    Some(format!(
        "{name} tokens {chosen} chosen vs. {rejected} rejected"
    ))
}

/// At most four decimals, without trailing zeros.
fn four_decimals(value: f64) -> String {
    format!("{value:.4}")
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}
