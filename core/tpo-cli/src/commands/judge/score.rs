//! `tpo judge`: scores every response of a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tpo_judge::standalone;
use tpo_types::{Failure, FailureKind};

use crate::arguments::ScoreArguments;
use crate::judges;
use crate::printer::Printer;
use crate::progress::ProgressCounter;
use crate::report::judge_lines;
use crate::text::PrintableJson;

pub(super) fn run(arguments: &ScoreArguments, printer: Printer) -> Result<(), Failure> {
    let input = arguments.input.as_ref().ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            "`tpo judge` needs `--input`, a file of responses",
        )
        .hint("see `tpo judge --help`")
    })?;
    let rows = standalone::read(input)?;
    let scoring = judges::open(&arguments.overrides, printer)?.scoring;
    let mut out: Box<dyn Write> = match &arguments.output {
        Some(path) => Box::new(BufWriter::new(
            File::create(path).map_err(|error| cannot_write(Some(path), error))?,
        )),
        None => Box::new(PrintableJson(io::stdout())),
    };
    let output = arguments.output.as_deref();
    let responses = rows.iter().map(|row| row.responses.len()).sum();
    let progress = ProgressCounter::new(printer, "judge", responses);
    let summary = standalone::score_rows(&*scoring, &rows, &mut |line| {
        progress.advance(1);
        serde_json::to_writer(&mut out, line)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
            .map_err(|error| cannot_write(output, error))
    })?;
    out.flush().map_err(|error| cannot_write(output, error))?;
    progress.finish();
    printer.status(&format!("{} responses scored", summary.scored));
    for (reason, count) in &summary.unscored {
        printer.status(&format!("{count} unscored: {reason}"));
    }
    for line in judge_lines(&summary.metrics) {
        printer.status(&line);
    }
    Ok(())
}

fn cannot_write(path: Option<&Path>, error: io::Error) -> Failure {
    let path = path.unwrap_or(Path::new("stdout"));
    let what = format!("cannot write `{}`", path.display());
    Failure::new(FailureKind::Resources, what).because(error)
}
