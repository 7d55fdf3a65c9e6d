//! `tpo run`: reads and checks the configuration, opens the plugins, runs, and prints the metrics.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_judge::{Models, Replies};
use tpo_run::{Arm, Pipeline, RunConfig, RunDirectory, RunPlan};
use tpo_types::{Checkpoint, Failure, FailureKind, ModelService};

use crate::arguments::{RunArguments, RunOverrides, Trust};
use crate::commands::status;
use crate::plugins;
use crate::printer::Printer;
use crate::progress::RunProgress;

pub(crate) fn run(arguments: &RunArguments, printer: Printer) -> Result<(), Failure> {
    let mut plan = plan(&arguments.config, &arguments.overrides, printer)?;
    let arms = arms(&plan, &arguments.arms)?;
    if let Some(other) = &arguments.from {
        plan.set_reuse_from(other)?;
    }
    let opening = Opening {
        config: &arguments.config,
        trust: arguments.overrides.trust,
        dry_run: arguments.dry_run,
    };
    let mut runs = Vec::new();
    for plan in [&plan].into_iter().chain(&arms) {
        let pipeline = open_pipeline(plan, &opening, printer)?;
        runs.push(OpenedRun { plan, pipeline });
    }
    check_arms_differ(&runs, &arguments.arms)?;
    let base = fetch_model(&plan, printer)?;
    for run in &runs {
        printer.status(&describe(run.plan, &base, &run.pipeline));
    }
    if arguments.dry_run {
        // A run says it itself.
        if let Some(warning) = self_judging(&runs, &base)? {
            printer.status(&format!("warning: {warning}"));
        }
        return Ok(());
    }
    start(&runs, &base, printer)
}

/// A warning if a judge asks the model that would be trained. The arms have the judges of the run.
fn self_judging(runs: &[OpenedRun<'_>], base: &Checkpoint) -> Result<Option<String>, Failure> {
    let first = runs.first().map(|run| run.pipeline.self_judging(base));
    Ok(first.transpose()?.flatten())
}

/// The plans of the arms. Two arms of one name would share a directory.
pub(crate) fn arms(plan: &RunPlan, arms: &[Arm]) -> Result<Vec<RunPlan>, Failure> {
    let mut names = HashSet::new();
    for arm in arms {
        if !names.insert(arm.name()) {
            let what = format!("two arms have the name `{arm}`");
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("an arm is named after the file of its template: rename one of the files"));
        }
    }
    arms.iter().map(|arm| plan.arm(arm)).collect()
}

/// Refuses arms that would be the run itself, or another arm, once more. `runs` are the run and its
/// arms.
fn check_arms_differ(runs: &[OpenedRun<'_>], arms: &[Arm]) -> Result<(), Failure> {
    for (index, arm) in arms.iter().enumerate() {
        let own = &runs[index + 1];
        for (at, other) in runs[..=index].iter().enumerate() {
            if !own
                .pipeline
                .asks_the_same(own.plan, &other.pipeline, other.plan)?
            {
                continue;
            }
            let other = match at.checked_sub(1) {
                None => "the run itself".to_owned(),
                Some(earlier) => format!("the arm `{}`", arms[earlier]),
            };
            let what = format!("the arm `{arm}` has the thought prompt and parser of {other}");
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("an arm differs from the run in its thought prompt: leave it out"));
        }
    }
    Ok(())
}

/// How the plugins of a run are opened.
pub(crate) struct Opening<'a> {
    /// The configuration; published plugins are pinned in the lock file next to it.
    pub config: &'a Path,
    /// What native plugins may be loaded.
    pub trust: Trust,
    /// Whether nothing is run, so that no model is asked and nothing is written.
    pub dry_run: bool,
}

/// Opens the plugins of a plan.
pub(crate) fn open_pipeline(
    plan: &RunPlan,
    opening: &Opening<'_>,
    printer: Printer,
) -> Result<Pipeline, Failure> {
    let bindings = &plan.config.models;
    let models = if bindings.is_empty() {
        None
    } else {
        let own = plan.directory.replies();
        let other = plan.reuse_from.as_ref().map(RunDirectory::replies);
        let replies = match &other {
            Some(other) if opening.dry_run && !own.exists() => Replies::OnlyRead(other),
            _ if opening.dry_run => Replies::OnlyRead(&own),
            _ => Replies::Kept(&own),
        };
        if let (Replies::Kept(own), Some(other)) = (replies, &other) {
            Models::copy_replies(own, other)?;
        }
        let models = Models::bind(bindings, replies, &|text| printer.status(text))?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let host = HostConfig {
        models,
        limits: plan.config.limits.clone(),
        failures: Some(plan.directory.failures()),
        ..plugins::host_config(
            opening.trust,
            &opening.config.with_file_name(tpo_bundle::LOCK_FILE),
        )?
    };
    Pipeline::open(&plan.config, &Plugins::new(host)?)
}

/// A run, ready to start.
pub(crate) struct OpenedRun<'a> {
    pub plan: &'a RunPlan,
    pub pipeline: Pipeline,
}

/// Runs a plan and then its arms, and prints their metrics.
pub(crate) fn start(
    runs: &[OpenedRun<'_>],
    base: &Checkpoint,
    printer: Printer,
) -> Result<(), Failure> {
    let Some(first) = runs.first() else {
        return Ok(());
    };
    for OpenedRun { plan, pipeline } in runs {
        let progress = RunProgress::new(printer);
        tpo_run::run(plan, base, pipeline, &|event| progress.on(event))?;
    }
    printer.data(&status::text(&first.plan.directory)?);
    printer.status(&format!(
        "run directory: {}",
        first.plan.directory.root().display()
    ));
    Ok(())
}

/// Reads and checks a configuration.
pub(crate) fn plan(
    path: &Path,
    overrides: &RunOverrides,
    printer: Printer,
) -> Result<RunPlan, Failure> {
    let read = RunConfig::read(path, &overrides.list()?)?;
    for note in &read.notes {
        printer.status(&format!("note: {note}"));
    }
    let directory = overrides
        .dir
        .clone()
        .unwrap_or_else(|| Path::new("runs").join(&read.config.name));
    let mut config = read.config;
    config.resolve_relative(path.parent().unwrap_or(Path::new("")));
    let plan = RunPlan::new(config, RunDirectory::at(directory))?;
    for note in &plan.notes {
        printer.status(&format!("warning: {note}"));
    }
    Ok(plan)
}

/// The model that a run starts from.
pub(crate) fn fetch_model(plan: &RunPlan, printer: Printer) -> Result<Checkpoint, Failure> {
    plan.fetch_model(&|text| printer.status(text))
}

/// The plan, for the user.
fn describe(plan: &RunPlan, base: &Checkpoint, pipeline: &Pipeline) -> String {
    let config = &plan.config;
    let mut lines = vec![
        format!("run        {}", plan.directory.root().display()),
        format!("model      {}", base.path.display()),
        format!(
            "work       {} iterations of {} instructions x {} completions",
            config.iterations, plan.slice_size, config.sampling.num_samples,
        ),
    ];
    for set in &plan.validation {
        lines.push(format!(
            "validation {}: {} instructions x {} completions",
            set.name(),
            set.instructions.len(),
            set.config.num_samples,
        ));
    }
    for loaded in &pipeline.plugins {
        lines.push(format!(
            "{:10} {} from {}",
            loaded.role.slot(),
            loaded.plugin,
            loaded.plugin.source
        ));
    }
    lines.join("\n")
}
