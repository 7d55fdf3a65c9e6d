//! The metrics of a run as text.

mod judge;
mod table;

use std::fmt::Write;

use tpo_run::metrics::{
    Evaluation, IterationMetrics, PairedDifference, ReasonCounts, SampleMetrics, SelectorMetrics,
    SideTokens,
};

use crate::text::{one_decimal, percent, printable};

pub(crate) use judge::judge_lines;

/// One line on a validation.
pub(crate) fn evaluation_line(evaluation: &Evaluation) -> String {
    let model = match evaluation.iteration {
        0 => "base model".to_owned(),
        iteration => format!("iteration {iteration}"),
    };
    format!("{model}: validation {}", sample_line(&evaluation.sampled))
}

/// One line on an iteration.
pub(crate) fn iteration_line(metrics: &IterationMetrics) -> String {
    let train = &metrics.train;
    format!(
        "iteration {}: train {}; {} pairs, loss {:.4}, reward margin {:+.4}, reward accuracy {}",
        metrics.iteration,
        sample_line(&metrics.sampled),
        metrics.pairs,
        train.loss,
        train.margin,
        percent(train.accuracy),
    )
}

fn sample_line(sampled: &SampleMetrics) -> String {
    format!(
        "score {}, parse rate {}, thought {} tokens, response {} tokens",
        score(sampled.score_mean),
        percent(sampled.parse_rate()),
        one_decimal(sampled.thought_tokens_mean),
        one_decimal(sampled.response_tokens_mean),
    )
}

/// The table of a run, what was dropped and why, and whether validation improved.
pub(crate) fn whole(iterations: &[IterationMetrics], evaluations: &[Evaluation]) -> String {
    let mut text = table::table(iterations, evaluations);
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
    text.push('\n');
    text.push_str(&verdict(evaluations));
    text
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

/// Whether validation improved, one sentence per model.
fn verdict(evaluations: &[Evaluation]) -> String {
    let Some(base) = evaluations.first() else {
        return "no metrics yet".to_owned();
    };
    let mut text = String::new();
    for evaluation in &evaluations[1..] {
        let _ = match PairedDifference::between(base, evaluation) {
            Some(change) => writeln!(
                text,
                "validation after iteration {}: {} ({:+.4} vs. the base model, 95% CI {:+.4} to \
                    {:+.4}, {} instructions)",
                evaluation.iteration,
                change.verdict(),
                change.mean,
                change.mean - change.margin,
                change.mean + change.margin,
                change.instructions,
            ),
            None => writeln!(
                text,
                "validation after iteration {}: too few scores to compare",
                evaluation.iteration
            ),
        };
    }
    let best = evaluations.iter().fold(base, |best, other| {
        if other.is_better_than(best) {
            other
        } else {
            best
        }
    });
    text + &match best.iteration {
        0 => "best model on validation: the base model".to_owned(),
        iteration => format!("best model on validation: iteration {iteration} (checkpoints/best)"),
    }
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

fn score(mean: Option<f64>) -> String {
    mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.4}"))
}
