//! `tpo judge stress-test`: how often junk beats real responses.

use serde_json::json;
use tpo_judge::standalone::{self, StressTestReport};
use tpo_types::Failure;

use crate::arguments::{OutputFormat, StressTestArguments};
use crate::judges;
use crate::printer::Printer;
use crate::progress::ProgressCounter;
use crate::report::judge_lines;
use crate::text::{percent, printable_json};

pub(super) fn run(arguments: &StressTestArguments, printer: Printer) -> Result<(), Failure> {
    let mut rows = standalone::read(&arguments.input)?;
    if let Some(limit) = arguments.rows {
        rows.truncate(limit);
    }
    let scoring = judges::open(&arguments.overrides, printer)?.scoring;
    let progress = ProgressCounter::new(printer, "stress test", 0);
    let report = standalone::stress_test(&*scoring, &rows, &mut |count| progress.advance(count))?;
    progress.finish();
    printer.data(&match arguments.format {
        OutputFormat::Json => {
            printable_json(&json!({ "schema_version": 2, "stress_test": report }))
        }
        OutputFormat::Text => text(&report),
    });
    report.check(arguments.tolerance)
}

fn text(report: &StressTestReport) -> String {
    let mut lines = vec![format!(
        "{:12}{:>8}{:>10}{:>10}  description",
        "attack", "trials", "win rate", "tie rate"
    )];
    for attack in &report.attacks {
        lines.push(format!(
            "{:12}{:>8}{:>10}{:>10}  {}",
            attack.name,
            attack.trials,
            percent(attack.win_rate),
            percent(attack.tie_rate),
            attack.description
        ));
    }
    lines.extend(judge_lines(&report.judge));
    lines.join("\n")
}
