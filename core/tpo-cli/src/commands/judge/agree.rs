//! `tpo judge agree`: how often a judge agrees with labels.

use serde_json::json;
use tpo_judge::standalone::{self, LabelAgreement, Rate};
use tpo_types::Failure;

use crate::arguments::{AgreeArguments, OutputFormat};
use crate::judges;
use crate::printer::Printer;
use crate::progress::ProgressCounter;
use crate::report::judge_lines;
use crate::text::{percent, printable, printable_json};

pub(super) fn run(arguments: &AgreeArguments, printer: Printer) -> Result<(), Failure> {
    let rows = standalone::read_labeled(&arguments.input)?;
    let scoring = judges::open(&arguments.overrides, printer)?.scoring;
    let progress = ProgressCounter::new(printer, "judge", rows.len());
    let agreement =
        standalone::label_agreement(&*scoring, &rows, &mut |rows| progress.advance(rows))?;
    progress.finish();
    printer.data(&match arguments.format {
        OutputFormat::Json => {
            printable_json(&json!({ "schema_version": 2, "agreement": agreement }))
        }
        OutputFormat::Text => text(&agreement),
    });
    Ok(())
}

fn text(agreement: &LabelAgreement) -> String {
    let mut lines = vec![
        format!("{:26}{:>8}", "labeled rows", agreement.rows),
        format!("{:26}{:>8}", "unscored", agreement.unscored),
        line("accuracy", agreement.accuracy),
        line("accuracy, length-balanced", agreement.length_balanced),
        line("judge prefers longer", agreement.prefers_longer),
        line("labels prefer longer", agreement.labels_longer),
        format!("{:26}{:>8}", "ties", percent(agreement.tie_rate)),
    ];
    lines.extend(judge_lines(&agreement.judge));
    lines.extend(
        agreement
            .categories
            .iter()
            .map(|part| line(&format!("  {}", part.category), part.accuracy)),
    );
    printable(&lines.join("\n"))
}

fn line(name: &str, rate: Rate) -> String {
    if rate.count == 0 {
        return format!("{name:26}{:>8}", "-");
    }
    format!(
        "{name:26}{:>8}  ± {:.1} (95% CI, {} rows)",
        percent(rate.mean),
        rate.half_width * 100.0,
        rate.count
    )
}
