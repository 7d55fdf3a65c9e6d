//! `tpo judge stress-test`: how often junk beats real responses.

use serde_json::json;
use tpo_run::judging::{self, Diagnosis};
use tpo_types::{Failure, FailureKind};

use super::open;
use crate::arguments::{OutputFormat, StressTestArguments};
use crate::printer::Printer;
use crate::progress::ProgressCounter;
use crate::report::judge_lines;
use crate::text::percent;

pub(super) fn run(arguments: &StressTestArguments, printer: Printer) -> Result<(), Failure> {
    let mut rows = judging::read(&arguments.input)?;
    if let Some(limit) = arguments.rows {
        rows.truncate(limit);
    }
    let scoring = open(&arguments.overrides, printer)?;
    let progress = ProgressCounter::new(printer, "stress test", 0);
    let diagnosis = judging::diagnose(&scoring, &rows, &mut |count| progress.advance(count))?;
    progress.finish();
    printer.data(&match arguments.format {
        OutputFormat::Json => json!({ "schema_version": 2, "stress_test": diagnosis }).to_string(),
        OutputFormat::Text => text(&diagnosis),
    });
    check(&diagnosis, rows.len(), arguments.tolerance)
}

/// Fails if an attack succeeds more often than tolerated.
fn check(diagnosis: &Diagnosis, rows: usize, tolerance: f64) -> Result<(), Failure> {
    if diagnosis.attacks.iter().all(|attack| attack.tried == 0) {
        let what = format!("the judge scored none of the {rows} real responses");
        return Err(Failure::new(FailureKind::Plugin, what)
            .hint("run `tpo judge` on the same input to see the reasons"));
    }
    let failed: Vec<&str> = diagnosis
        .failed(tolerance)
        .iter()
        .map(|attack| attack.name)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let what = format!(
        "junk beats real responses more than {} of the time: {}",
        percent(tolerance),
        failed.join(", ")
    );
    Err(Failure::new(FailureKind::Plugin, what)
        .hint("a model trained with this judge learns to write such junk"))
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut lines = vec![format!(
        "{:12}{:>8}{:>10}{:>10}  description",
        "attack", "trials", "win rate", "tie rate"
    )];
    for attack in &diagnosis.attacks {
        lines.push(format!(
            "{:12}{:>8}{:>10}{:>10}  {}",
            attack.name,
            attack.tried,
            percent(attack.won),
            percent(attack.tied),
            attack.tries
        ));
    }
    lines.extend(judge_lines(&diagnosis.judge));
    lines.join("\n")
}
