//! The iterations of a run: what was sampled for training and with which model, and the training.

use tpo_run::metrics::IterationMetrics;

use super::models::short_name;
use super::table::{Column, Table};
use crate::text::{one_decimal, percent, score};

/// The training instructions of each iteration, as the model that it started from answers them.
pub(super) fn sampled(iterations: &[IterationMetrics]) -> String {
    let mut table = Table::new(vec![
        Column("", "model"),
        Column("on training", "instructions"),
        Column("first", "parse rate"),
        Column("", "score"),
        Column("thought", "tokens"),
        Column("response", "tokens"),
        Column("tokens per", "completion"),
    ]);
    for metrics in iterations {
        let sampled = &metrics.sampled;
        table.push(vec![
            short_name(metrics.sampled_from),
            format!("of iteration {}", metrics.iteration),
            percent(sampled.first_parse_rate()),
            score(sampled.score_mean),
            one_decimal(sampled.thought_tokens_mean),
            one_decimal(sampled.response_tokens_mean),
            one_decimal(sampled.tokens_per_completion),
        ]);
    }
    table.text()
}

/// The training of each iteration, up to the model that was kept.
pub(super) fn trained(iterations: &[IterationMetrics]) -> String {
    let mut table = Table::new(vec![
        Column("", "iteration"),
        Column("", "pairs"),
        Column("", "dropped"),
        Column("steps", "to the model"),
        Column("DPO", "loss"),
        Column("reward", "margin"),
        Column("reward", "accuracy"),
    ]);
    for metrics in iterations {
        let train = &metrics.train;
        table.push(vec![
            metrics.iteration.to_string(),
            metrics.pairs.to_string(),
            metrics.drops.values().sum::<usize>().to_string(),
            train.steps.to_string(),
            format!("{:.4}", train.loss),
            format!("{:+.4}", train.margin),
            percent(train.accuracy),
        ]);
    }
    table.text()
}
