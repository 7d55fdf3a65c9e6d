//! A benchmark as text.

use tpo_run::bench::{BenchResults, BenchRow};

use super::table::{Column, Table};
use crate::text::percent;

/// A row while the others are still measured.
pub(crate) fn bench_line(row: &BenchRow) -> String {
    format!(
        "{}, {}, {} sequences: {}",
        row.work,
        row.precision,
        row.rows,
        speed(row)
    )
}

/// The peaks and a table.
pub(crate) fn bench_text(results: &BenchResults) -> String {
    let peaks = &results.peaks;
    let tiles = peaks
        .bf16_tile_flops_per_second
        .map_or_else(String::new, |flops| {
            format!(", {:.0} GFLOP/s of bf16 tiles", flops / 1e9)
        });
    let mut table = Table::new(vec![
        Column("", "work"),
        Column("", "precision"),
        Column("", "sequences"),
        Column("", "speed"),
        Column("most", "memory"),
        Column("of", "peak"),
    ]);
    for row in &results.rows {
        table.push(vec![
            row.work.to_owned(),
            row.precision.clone(),
            row.rows.to_string(),
            speed(row),
            row.peak_rss_bytes.map_or_else(none, |bytes| {
                format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
            }),
            row.of_peak.map_or_else(none, percent),
        ]);
    }
    format!(
        "{} threads; at most {:.0} GFLOP/s of f32{tiles}, {:.1} GB/s from memory\n\n{}",
        results.threads,
        peaks.f32_flops_per_second / 1e9,
        peaks.bytes_per_second / 1e9,
        table.text()
    )
}

fn speed(row: &BenchRow) -> String {
    match (row.tokens_per_second, row.seconds_per_step) {
        (Some(tokens), _) => format!("{tokens:.0} tokens/s"),
        (None, Some(seconds)) => format!("{seconds:.2} s/step"),
        (None, None) => none(),
    }
}

fn none() -> String {
    "-".to_owned()
}
