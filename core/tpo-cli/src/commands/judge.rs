//! `tpo judge`: a judge without a run. Scores a file, is compared with labels, is stress-tested.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;
use tpo_judge::Scoring;
use tpo_judge::standalone::{self, LabelAgreement, Rate, StressTestReport};
use tpo_run::{Override, read_standalone_judge};
use tpo_types::{Failure, FailureKind};

use crate::arguments::{AgreeArguments, Format, JudgeChoice, ScoreArguments, StressTestArguments};
use crate::plugins;
use crate::printer::Printer;
use crate::progress::Bar;
use crate::report::judge_lines;
use crate::text::{PrintableJson, percent, printable};

pub(crate) fn score(arguments: &ScoreArguments, printer: Printer) -> Result<(), Failure> {
    let input = arguments.input.as_ref().ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            "`tpo judge` needs `--input`, a file of responses",
        )
        .hint("`tpo judge --help` shows how")
    })?;
    let rows = standalone::read(input)?;
    let scoring = open(&arguments.judge, printer)?;
    let output = arguments.output.as_deref();
    let cannot_write = |error| cannot_write(output.unwrap_or(Path::new("stdout")), error);
    let mut out: Box<dyn Write> = match output {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(cannot_write)?)),
        None => Box::new(PrintableJson(io::stdout())),
    };
    let responses = rows.iter().map(|row| row.responses.len()).sum();
    let bar = Bar::new(printer, "judge", responses);
    let summary = standalone::score_rows(&*scoring, &rows, &mut |line| {
        bar.advance(1);
        serde_json::to_writer(&mut out, line)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
            .map_err(cannot_write)
    })?;
    out.flush().map_err(cannot_write)?;
    bar.finish();
    printer.talk(&format!("{} responses scored", summary.scored));
    for (reason, count) in &summary.unscored {
        printer.talk(&format!("{count} unscored: {reason}"));
    }
    for line in judge_lines(&summary.metrics) {
        printer.talk(&line);
    }
    Ok(())
}

pub(crate) fn agree(arguments: &AgreeArguments, printer: Printer) -> Result<(), Failure> {
    let rows = standalone::read_labeled(&arguments.input)?;
    let scoring = open(&arguments.judge, printer)?;
    let bar = Bar::new(printer, "judge", rows.len());
    let agreement = standalone::label_agreement(&*scoring, &rows, &mut |rows| bar.advance(rows))?;
    bar.finish();
    printer.data(&match arguments.format {
        Format::Json => json!({ "schema_version": 1, "agreement": agreement }).to_string(),
        Format::Text => agreement_text(&agreement),
    });
    Ok(())
}

pub(crate) fn stress_test(
    arguments: &StressTestArguments,
    printer: Printer,
) -> Result<(), Failure> {
    let mut rows = standalone::read(&arguments.input)?;
    if let Some(limit) = arguments.rows {
        rows.truncate(limit);
    }
    let scoring = open(&arguments.judge, printer)?;
    let bar = Bar::new(printer, "attack", 0);
    let report = standalone::stress_test(&*scoring, &rows, &mut |trials| bar.advance(trials))?;
    bar.finish();
    printer.data(&match arguments.format {
        Format::Json => json!({ "schema_version": 1, "stress_test": report }).to_string(),
        Format::Text => stress_test_text(&report),
    });
    report.check(arguments.tolerance)
}

/// Opens the judge that the flags describe.
fn open(choice: &JudgeChoice, printer: Printer) -> Result<Box<dyn Scoring>, Failure> {
    let config = read_standalone_judge(choice.config.as_deref(), &overrides(choice)?)?;
    let lock = choice
        .config
        .as_deref()
        .unwrap_or(Path::new(""))
        .with_file_name(tpo_bundle::LOCK_FILE);
    let setup = plugins::setup(choice.trust, &lock)?;
    standalone::open(&config, choice.replies.as_deref(), setup, &|text| {
        printer.talk(text);
    })
}

/// The flags as overrides. Paths of the command line are relative to the working directory.
fn overrides(choice: &JudgeChoice) -> Result<Vec<Override>, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(FailureKind::Resources, "there is no working directory").because(error)
    })?;
    let judge = choice
        .judge
        .iter()
        .map(|judge| Override::text("judge.plugin", tpo_host::anchored(judge, &here)));
    let mut overrides: Vec<Override> = judge.collect();
    for given in &choice.model {
        let (alias, source) = given.split_once('=').ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("`--model {given}` binds no model"),
            )
            .hint(
                "write it as `--model judge=smollm2-135m`: the alias that the judge asks \
                    for, and the model",
            )
        })?;
        let source = tpo_lm::paths::resolve_relative(source, &here);
        overrides.push(Override::text(&format!("models.{alias}.source"), source));
    }
    for given in &choice.set {
        overrides.push(Override::parse(given)?);
    }
    Ok(overrides)
}

fn agreement_text(agreement: &LabelAgreement) -> String {
    let mut lines = vec![
        format!("{:24}{:>8}", "labelled rows", agreement.rows),
        format!("{:24}{:>8}", "without a word of it", agreement.unscored),
        row("right", agreement.accuracy),
        row("right, length balanced", agreement.length_balanced),
        row("prefers the longer", agreement.prefers_longer),
        row("people prefer it", agreement.labels_longer),
        format!("{:24}{:>8}", "prefers neither", percent(agreement.tie_rate)),
    ];
    lines.extend(judge_lines(&agreement.judge));
    lines.extend(
        agreement
            .categories
            .iter()
            .map(|part| row(&format!("  {}", part.category), part.accuracy)),
    );
    printable(&lines.join("\n"))
}

fn row(name: &str, rate: Rate) -> String {
    if rate.count == 0 {
        return format!("{name:24}{:>8}", "-");
    }
    format!(
        "{name:24}{:>8}  +- {:.1} ({} rows)",
        percent(rate.mean),
        rate.margin * 100.0,
        rate.count
    )
}

fn stress_test_text(report: &StressTestReport) -> String {
    let mut lines = vec![format!(
        "{:12}{:>8}{:>10}{:>8}  description",
        "attack", "trials", "junk won", "tied"
    )];
    for attack in &report.attacks {
        let (wins, ties) = (percent(attack.win_rate), percent(attack.tie_rate));
        lines.push(format!(
            "{:12}{:>8}{wins:>10}{ties:>8}  {}",
            attack.name, attack.trials, attack.description
        ));
    }
    lines.extend(judge_lines(&report.judge));
    lines.join("\n")
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write `{}`", path.display()),
    )
    .because(error)
}
