//! The table of a run.

use tpo_run::metrics::{Evaluation, IterationMetrics};

use super::score;
use crate::text::{one_decimal, percent};

const COLUMNS: usize = 11;

type Cells = [String; COLUMNS];

const HEADER: [[&str; COLUMNS]; 2] = [
    [
        "", "parse", "train", "val.", "thought", "response", "", "", "DPO", "reward", "reward",
    ],
    [
        "iteration",
        "rate",
        "score",
        "score",
        "tokens",
        "tokens",
        "pairs",
        "dropped",
        "loss",
        "margin",
        "accuracy",
    ],
];

/// One row per model: the iteration that trained it, and its scores on the validation instructions.
pub(super) fn table(iterations: &[IterationMetrics], evaluations: &[Evaluation]) -> String {
    let mut rows: Vec<Cells> = HEADER.map(|row| row.map(String::from)).to_vec();
    for evaluation in evaluations {
        let metrics = iterations
            .iter()
            .find(|metrics| metrics.iteration == evaluation.iteration);
        rows.push(row(evaluation, metrics));
    }
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &Cells, widths: &[usize; COLUMNS]) -> String {
    let cells: Vec<String> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:>width$}"))
        .collect();
    cells.join("  ").trim_end().to_owned() + "\n"
}

fn row(evaluation: &Evaluation, metrics: Option<&IterationMetrics>) -> Cells {
    let Some(metrics) = metrics else {
        return base_row(evaluation);
    };
    let sampled = &metrics.sampled;
    [
        name(evaluation),
        percent(sampled.parse_rate()),
        score(sampled.score_mean),
        score(evaluation.sampled.score_mean),
        one_decimal(sampled.thought_tokens_mean),
        one_decimal(sampled.response_tokens_mean),
        metrics.pairs.to_string(),
        metrics.drops.values().sum::<usize>().to_string(),
        format!("{:.4}", metrics.train.loss),
        format!("{:+.4}", metrics.train.margin),
        percent(metrics.train.accuracy),
    ]
}

/// The row of a model without training metrics: it was sampled for validation only.
fn base_row(evaluation: &Evaluation) -> Cells {
    let sampled = &evaluation.sampled;
    let mut row = ["-"; COLUMNS].map(String::from);
    row[0] = name(evaluation);
    row[1] = percent(sampled.parse_rate());
    row[3] = score(sampled.score_mean);
    row[4] = one_decimal(sampled.thought_tokens_mean);
    row[5] = one_decimal(sampled.response_tokens_mean);
    row
}

fn name(evaluation: &Evaluation) -> String {
    match evaluation.iteration {
        0 => "base".to_owned(),
        iteration => iteration.to_string(),
    }
}
