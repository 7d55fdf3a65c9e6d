//! `tpo judge`: a judge by itself. Scores a file, is compared with people, is attacked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tpo_host::{HostConfig, Plugins};
use tpo_run::judging::{self, Agreement, Diagnosis, Rate, Row};
use tpo_run::scoring::Scoring;
use tpo_run::stages::open_scoring;
use tpo_run::{JudgeAlone, Models, Override};
use tpo_types::{Failure, FailureKind, ModelService};

use crate::arguments::{AgreeArguments, DoctorArguments, Format, JudgeChoice, ScoreArguments};
use crate::plugins;
use crate::printer::Printer;
use crate::progress::Bar;
use crate::report::judge_lines;
use crate::text::{PrintableJson, percent, printable};

/// The name of the file of replies, where none is given, in the user's data directory.
const REPLIES: &str = "replies.db";

pub(crate) fn score(arguments: &ScoreArguments, printer: Printer) -> Result<(), Failure> {
    let input = arguments.input.as_ref().ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            "`tpo judge` needs `--input`, a file of responses",
        )
        .hint("`tpo judge --help` shows how")
    })?;
    let rows = judging::read(input)?;
    let scoring = open(&arguments.judge, printer)?;
    let mut out: Box<dyn Write> = match &arguments.output {
        Some(path) => Box::new(BufWriter::new(
            File::create(path).map_err(|error| cannot_write(path, error))?,
        )),
        None => Box::new(PrintableJson(io::stdout())),
    };
    let bar = Bar::new(
        printer,
        "judge",
        rows.iter().map(|row| row.responses.len()).sum(),
    );
    let (mut scored, mut unscored) = (0, BTreeMap::<String, usize>::new());
    let figures = judging::score(&scoring, &rows, &mut |line| {
        match &line.judgment {
            judging::Word::Scored(_) => scored += 1,
            judging::Word::Unscored { unscored: reason } => {
                *unscored.entry((*reason).to_owned()).or_default() += 1;
            }
        }
        bar.advance(1);
        let written = serde_json::to_writer(&mut out, line)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out));
        written.map_err(|error| {
            cannot_write(
                arguments.output.as_deref().unwrap_or(Path::new("stdout")),
                error,
            )
        })
    })?;
    out.flush().map_err(|error| {
        cannot_write(
            arguments.output.as_deref().unwrap_or(Path::new("stdout")),
            error,
        )
    })?;
    bar.finish();
    printer.talk(&format!("{scored} responses scored"));
    for (reason, count) in unscored {
        printer.talk(&format!("{count} unscored: {reason}"));
    }
    for line in judge_lines(&figures) {
        printer.talk(&line);
    }
    Ok(())
}

pub(crate) fn agree(arguments: &AgreeArguments, printer: Printer) -> Result<(), Failure> {
    let rows = judging::read(&arguments.input)?;
    if rows.iter().all(|row| row.label.is_none()) {
        let what = format!("`{}` has no label", arguments.input.display());
        return Err(Failure::new(FailureKind::Input, what).hint(
            "give `response_a`, `response_b` and `label` (`a`, `b` or `tie`), or `chosen` \
                and `rejected`",
        ));
    }
    let scoring = open(&arguments.judge, printer)?;
    let bar = Bar::new(printer, "judge", rows.len());
    let agreement = judging::agreement(&scoring, &rows, &mut |rows| bar.advance(rows))?;
    bar.finish();
    printer.data(&match arguments.format {
        Format::Json => json!({ "schema_version": 1, "agreement": agreement }).to_string(),
        Format::Text => agreement_text(&agreement),
    });
    Ok(())
}

pub(crate) fn doctor(arguments: &DoctorArguments, printer: Printer) -> Result<(), Failure> {
    let mut rows = judging::read(&arguments.input)?;
    if let Some(limit) = arguments.rows {
        rows.truncate(limit);
    }
    let scoring = open(&arguments.judge, printer)?;
    let bar = Bar::new(printer, "attack", 0);
    let diagnosis = judging::diagnose(&scoring, &rows, &mut |tried| bar.advance(tried))?;
    bar.finish();
    printer.data(&match arguments.format {
        Format::Json => json!({ "schema_version": 1, "diagnosis": diagnosis }).to_string(),
        Format::Text => diagnosis_text(&diagnosis),
    });
    verdict(&diagnosis, &rows, arguments.tolerance)
}

fn verdict(diagnosis: &Diagnosis, rows: &[Row], tolerance: f64) -> Result<(), Failure> {
    if diagnosis.attacks.iter().all(|attack| attack.tried == 0) {
        return Err(Failure::new(
            FailureKind::Plugin,
            format!("the judge scored none of {} real responses", rows.len()),
        )
        .hint("`tpo judge` with the same input says why"));
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
        .hint("a model that is trained on this judge learns to write such junk"))
}

/// Opens the judge that the flags describe.
fn open(choice: &JudgeChoice, printer: Printer) -> Result<Scoring, Failure> {
    let JudgeAlone {
        judge,
        models,
        limits,
    } = JudgeAlone::read(choice.config.as_deref(), &overrides(choice)?)?;
    let service = if models.is_empty() {
        None
    } else {
        let replies = match &choice.replies {
            Some(path) => path.clone(),
            None => tpo_lm::fetch::data_dir()?.join(REPLIES),
        };
        let models = Models::bind(&models, &replies, &|text| printer.talk(text))?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let lock = choice
        .config
        .as_deref()
        .unwrap_or(Path::new(""))
        .with_file_name(tpo_bundle::LOCK_FILE);
    let setup = HostConfig {
        models: service,
        limits,
        ..plugins::setup(choice.trust, &lock)?
    };
    Ok(open_scoring(&judge, !models.is_empty(), &Plugins::new(setup)?)?.0)
}

/// The flags as overrides. Paths of the command line are relative to the working directory.
fn overrides(choice: &JudgeChoice) -> Result<Vec<Override>, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(FailureKind::Resources, "there is no working directory").because(error)
    })?;
    let judge = choice
        .judge
        .iter()
        .map(|judge| Override::text("judge.plugin", tpo_host::resolve_relative(judge, &here)));
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
        let source = tpo_lm::fetch::anchored(source, &here);
        overrides.push(Override::text(&format!("models.{alias}.source"), source));
    }
    for given in &choice.set {
        overrides.push(Override::parse(given)?);
    }
    Ok(overrides)
}

fn agreement_text(agreement: &Agreement) -> String {
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

fn diagnosis_text(diagnosis: &Diagnosis) -> String {
    let mut lines = vec![format!(
        "{:12}{:>8}{:>10}{:>8}  what it tries",
        "attack", "tried", "junk won", "tied"
    )];
    for attack in &diagnosis.attacks {
        let (won, tied) = (percent(attack.won), percent(attack.tied));
        lines.push(format!(
            "{:12}{:>8}{won:>10}{tied:>8}  {}",
            attack.name, attack.tried, attack.tries
        ));
    }
    lines.extend(judge_lines(&diagnosis.judge));
    lines.join("\n")
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::new(
        FailureKind::Resources,
        format!("cannot write `{}`", path.display()),
    )
    .because(error)
}
