//! The metrics of a run as text.

use std::fmt::Write;

use tpo_judge::JudgeMetrics;
use tpo_run::metrics::{
    Evaluation, IterationMetrics, PairedDifference, ReasonCounts, SampleMetrics, SelectorMetrics,
    SideTokens,
};

use crate::text::{one_decimal, percent, printable};

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
        "iteration {}: train {}; {} pairs, loss {:.4}, margin {:+.4}, accuracy {}",
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
        "score {}, parsed {}, thought {} tokens, response {} tokens",
        score(sampled.score_mean),
        percent(sampled.parse_rate()),
        one_decimal(sampled.thought_tokens_mean),
        one_decimal(sampled.response_tokens_mean),
    )
}

/// The table of a run, what was dropped and why, and whether validation improved.
pub(crate) fn whole(iterations: &[IterationMetrics], evaluations: &[Evaluation]) -> String {
    let mut text = table(iterations, evaluations);
    for metrics in iterations {
        reasons(
            &mut text,
            metrics.iteration,
            "instructions without a pair",
            &metrics.drops,
        );
        reasons(
            &mut text,
            metrics.iteration,
            "malformed completions",
            &metrics.sampled.malformed,
        );
        reasons(
            &mut text,
            metrics.iteration,
            "unscored responses",
            &metrics.sampled.unscored,
        );
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

/// One row per model: how it was trained, and its score on the validation instructions.
fn table(iterations: &[IterationMetrics], evaluations: &[Evaluation]) -> String {
    let mut rows = vec![
        [
            "", "parsed", "train", "valid.", "thought", "response", "pairs", "drops", "DPO", "", "",
        ]
        .map(String::from)
        .to_vec(),
        [
            "iteration",
            "",
            "score",
            "score",
            "tokens",
            "tokens",
            "",
            "",
            "loss",
            "margin",
            "accuracy",
        ]
        .map(String::from)
        .to_vec(),
    ];
    for evaluation in evaluations {
        let metrics = iterations
            .iter()
            .find(|metrics| metrics.iteration == evaluation.iteration);
        rows.push(row(evaluation, metrics));
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:>width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(evaluation: &Evaluation, metrics: Option<&IterationMetrics>) -> Vec<String> {
    // The base model was sampled for validation only.
    let sampled = metrics.map_or(&evaluation.sampled, |metrics| &metrics.sampled);
    let of =
        |show: &dyn Fn(&IterationMetrics) -> String| metrics.map_or_else(|| "-".to_owned(), show);
    vec![
        if evaluation.iteration == 0 {
            "base".to_owned()
        } else {
            evaluation.iteration.to_string()
        },
        percent(sampled.parse_rate()),
        of(&|metrics| score(metrics.sampled.score_mean)),
        score(evaluation.sampled.score_mean),
        one_decimal(sampled.thought_tokens_mean),
        one_decimal(sampled.response_tokens_mean),
        of(&|metrics| metrics.pairs.to_string()),
        of(&|metrics| metrics.drops.values().sum::<usize>().to_string()),
        of(&|metrics| format!("{:.4}", metrics.train.loss)),
        of(&|metrics| format!("{:+.4}", metrics.train.margin)),
        of(&|metrics| percent(metrics.train.accuracy)),
    ]
}

fn reasons(text: &mut String, iteration: usize, title: &str, reasons: &ReasonCounts) {
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
        return "nothing measured yet".to_owned();
    };
    let mut text = String::new();
    for evaluation in &evaluations[1..] {
        let _ = match PairedDifference::between(base, evaluation) {
            Some(change) => writeln!(
                text,
                "validation after iteration {}: {} ({:+.4} against the base model, 95 % interval \
                    {:+.4} to {:+.4}, \
                 {} instructions)",
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

/// How consistent the judges were, a sentence per line.
pub(crate) fn judge_lines(metrics: &JudgeMetrics) -> Vec<String> {
    let comparisons = metrics.comparisons.iter().map(|comparisons| {
        let skipped = if comparisons.skipped > 0 {
            format!("{} not needed, ", comparisons.skipped)
        } else {
            String::new()
        };
        format!(
            "{} comparisons, {skipped}{} without a verdict; ties {}, first shown preferred {}, \
             orders disagree {}",
            comparisons.count,
            comparisons.unscored,
            percent(comparisons.tie_rate),
            percent(comparisons.first_win_rate),
            percent(comparisons.inconsistent_rate),
        )
    });
    let inter_judge = metrics
        .inter_judge
        .iter()
        .filter(|two| two.comparisons > 0)
        .map(|two| {
            let alpha = two
                .alpha
                .map_or_else(|| "-".to_owned(), |alpha| format!("{alpha:.3}"));
            let (one, other) = (printable(&two.one), printable(&two.other));
            format!(
                "{one} and {other} agree with alpha {alpha} over {} comparisons",
                two.comparisons
            )
        });
    comparisons.chain(inter_judge).collect()
}

/// How long the sides of the pairs are, and what the selector reports; none if no pair has two
/// responses.
fn selector_line(metrics: &SelectorMetrics) -> Option<String> {
    let sides = |name: &str, sides: SideTokens| {
        let (chosen, rejected) = (one_decimal(sides.chosen?), one_decimal(sides.rejected?));
        Some(format!(
            "{name} of {chosen} tokens chosen and {rejected} rejected"
        ))
    };
    let lengths = [
        sides("responses", metrics.response_tokens)?,
        sides("thoughts", metrics.thought_tokens)?,
    ];
    let own = metrics
        .reported
        .iter()
        .map(|(name, value)| format!("{} {}", printable(name), in_short(*value)));
    Some(
        lengths
            .into_iter()
            .chain(own)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// At most four decimals.
fn in_short(value: f64) -> String {
    format!("{value:.4}")
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn score(mean: Option<f64>) -> String {
    mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.4}"))
}
