//! How consistent a judge is, in lines of text.

use tpo_judge::{ComparisonMetrics, InterJudgeMetrics, JudgeMetrics};

use crate::text::{percent, printable};

/// One line on a pairwise judge's consistency, and one per two judges of a panel.
pub(crate) fn judge_lines(metrics: &JudgeMetrics) -> Vec<String> {
    let comparisons = metrics.comparisons.iter().map(comparison_line);
    let agreement = metrics
        .inter_judge
        .iter()
        .filter(|two| two.comparisons > 0)
        .map(agreement_line);
    comparisons.chain(agreement).collect()
}

fn comparison_line(metrics: &ComparisonMetrics) -> String {
    let skipped = match metrics.skipped {
        0 => String::new(),
        skipped => format!("{skipped} skipped, "),
    };
    format!(
        "{} comparisons, {skipped}{} unscored; ties {}, inconsistent {}, position bias: first \
         preferred {}",
        metrics.count,
        metrics.unscored,
        percent(metrics.tie_rate),
        percent(metrics.inconsistent_rate),
        percent(metrics.prefers_first),
    )
}

fn agreement_line(metrics: &InterJudgeMetrics) -> String {
    let alpha = metrics
        .alpha
        .map_or_else(|| "-".to_owned(), |alpha| format!("{alpha:.3}"));
    format!(
        "{} and {} agree with Krippendorff's alpha {alpha} over {} comparisons",
        printable(&metrics.one),
        printable(&metrics.other),
        metrics.comparisons
    )
}
