//! `tpo eval`: evaluates models on sets under judges, and prints the results.

mod config;
mod gate;

use std::path::Path;
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_judge::{Models, Replies};
use tpo_run::evaluation::{
    Answers, EvaluationDirectory, EvaluationPlan, OpenedEvaluation, evaluate,
};
use tpo_types::{Failure, ModelService};

use crate::arguments::{EvalArguments, OutputFormat};
use crate::plugins;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::report;

pub(crate) fn run(arguments: &EvalArguments, printer: Printer) -> Result<(), Failure> {
    let config = config::read(arguments, printer)?;
    let directory = arguments
        .dir
        .clone()
        .unwrap_or_else(|| Path::new("evals").join(&config.name));
    let plan = EvaluationPlan::new(config, EvaluationDirectory::at(directory))?;
    for note in &plan.notes {
        printer.status(&format!("warning: {note}"));
    }
    gate::check_sets(&plan, &arguments.fail_below)?;
    let opened = open(&plan, arguments, printer)?;
    for note in &opened.notes {
        printer.status(&format!("warning: {note}"));
    }
    gate::check_judges(&plan, &opened, &arguments.fail_below)?;
    printer.status(&describe(&plan));
    if arguments.dry_run {
        return Ok(());
    }
    let progress = RunProgress::new(printer);
    let results = evaluate(&plan, &opened, &|event| progress.on(event))?;
    match arguments.format {
        OutputFormat::Text => printer.data(&report::evaluation_text(&results)),
        OutputFormat::Json => printer.data_json(|out| {
            serde_json::to_writer_pretty(&mut *out, &results)?;
            writeln!(out)
        }),
    }
    printer.status(&format!(
        "evaluation directory: {}",
        plan.directory.root().display()
    ));
    gate::check(&results, &arguments.fail_below)
}

fn open(
    plan: &EvaluationPlan,
    arguments: &EvalArguments,
    printer: Printer,
) -> Result<OpenedEvaluation, Failure> {
    let bindings = &plan.config.models;
    let models = if bindings.is_empty() {
        None
    } else {
        let path = plan.directory.replies();
        let replies = if arguments.dry_run {
            Replies::OnlyRead(&path)
        } else {
            Replies::Kept(&path)
        };
        let models = Models::bind(bindings, replies, &|text| printer.status(text))?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let lock = arguments
        .config
        .as_deref()
        .unwrap_or(Path::new(""))
        .with_file_name(tpo_bundle::LOCK_FILE);
    let host = HostConfig {
        models,
        limits: plan.config.limits.clone(),
        failures: Some(plan.directory.failures()),
        ..plugins::host_config(arguments.trust, &lock)?
    };
    OpenedEvaluation::open(plan, &Plugins::new(host)?, &|text| printer.status(text))
}

/// The plan, for the user.
fn describe(plan: &EvaluationPlan) -> String {
    let mut lines = vec![format!("evaluation {}", plan.directory.root().display())];
    for subject in &plan.subjects {
        lines.push(match &subject.answers {
            Answers::Sampled(sampled) => format!(
                "model      {}: {} with the thought prompt {}",
                subject.name, sampled.source, sampled.thought.name
            ),
            Answers::Recorded(recorded) => {
                format!("responses  {}: {}", subject.name, recorded.path().display())
            }
        });
    }
    for set in &plan.sets {
        lines.push(format!(
            "set        {}: {} instructions x {} completions, judged by {}",
            set.name,
            set.instructions.len(),
            set.num_samples,
            set.judges.join(", ")
        ));
    }
    lines.join("\n")
}
