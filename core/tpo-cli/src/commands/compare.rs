//! `tpo compare`: the models of several runs side by side.

use tpo_run::comparison::{ComparedRun, RunName, labels};
use tpo_types::{Failure, FailureKind};

use crate::arguments::{CompareArguments, JudgeOverrides, OutputFormat};
use crate::judges;
use crate::printer::Printer;
use crate::progress::ProgressCounter;
use crate::report::ComparisonReport;

pub(crate) fn run(arguments: &CompareArguments, printer: Printer) -> Result<(), Failure> {
    let judges = wants_judge(&arguments.judge)?;
    let mut report = ComparisonReport::of(open(&arguments.runs)?)?;
    if judges {
        let judge = judges::open(&arguments.judge, printer)?;
        let progress = ProgressCounter::new(printer, "judge", report.responses());
        report.judge(&judge, &|responses| progress.advance(responses))?;
        progress.finish();
    }
    printer.data(&match arguments.format {
        OutputFormat::Text => report.text(),
        OutputFormat::Json => report.json(),
    });
    Ok(())
}

/// Opens the runs. No two of them may be one model of one run.
fn open(names: &[String]) -> Result<Vec<ComparedRun>, Failure> {
    let mut runs: Vec<ComparedRun> = Vec::new();
    for (name, label) in names.iter().zip(labels(names)) {
        let run = ComparedRun::open(&RunName::parse(name)?, label)?;
        let same = runs
            .iter()
            .position(|other| other.model == run.model && other.is_same_run(&run));
        if let Some(same) = same {
            let what = format!(
                "`{}` and `{name}` are the same model of the same run ({})",
                names[same], run.model
            );
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("name two runs, or two models of one: `DIR@1 DIR@2`, or `DIR@base DIR`"));
        }
        runs.push(run);
    }
    Ok(runs)
}

/// Whether a judge is to compare the responses. Options on a judge without a judge are refused: the
/// default judge would give numbers that nobody asked for.
fn wants_judge(options: &JudgeOverrides) -> Result<bool, Failure> {
    if options.shared.judge.is_some() || options.config.is_some() {
        return Ok(true);
    }
    for (option, is_given) in [
        ("--model", !options.model.is_empty()),
        ("--set", !options.shared.set.is_empty()),
        ("--replies", options.replies.is_some()),
    ] {
        if is_given {
            let what = format!("`{option}` needs `--judge` or `--config`");
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("name the judge that compares the responses, for example `--judge rules`"));
        }
    }
    Ok(false)
}
