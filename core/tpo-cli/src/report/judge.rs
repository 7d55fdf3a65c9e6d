//! How consistent a judge is, in lines of text.

use tpo_run::duels::DuelFigures;
use tpo_run::scoring::{AgreementFigures, JudgeFigures};

use crate::text::{percent, printable};

/// One line on a pairwise judge's consistency, and one per two judges of a panel.
pub(crate) fn judge_lines(metrics: &JudgeFigures) -> Vec<String> {
    let comparisons = metrics.duels.iter().map(comparison_line);
    let agreement = metrics
        .agreement
        .iter()
        .filter(|two| two.comparisons > 0)
        .map(agreement_line);
    comparisons.chain(agreement).collect()
}

fn comparison_line(metrics: &DuelFigures) -> String {
    let skipped = match metrics.saved {
        0 => String::new(),
        saved => format!("{saved} skipped, "),
    };
    format!(
        "{} comparisons, {skipped}{} unscored; ties {}, position bias {} (first preferred), \
            inconsistent {}",
        metrics.duels,
        metrics.unscored,
        percent(metrics.tie_rate),
        percent(metrics.first_rate),
        percent(metrics.flip_rate),
    )
}

fn agreement_line(metrics: &AgreementFigures) -> String {
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
