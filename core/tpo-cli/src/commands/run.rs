//! `tpo run`: reads and checks the configuration, opens the plugins, runs, and prints the metrics.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_judge::Models;
use tpo_run::{RunConfig, RunDirectory, RunPlan, Stages};
use tpo_types::{Failure, ModelService};

use crate::arguments::{RunArguments, RunOverrides, Trust};
use crate::commands::status;
use crate::plugins;
use crate::printer::Printer;
use crate::progress::RunProgress;

pub(crate) fn run(arguments: &RunArguments, printer: Printer) -> Result<(), Failure> {
    let mut plan = plan(&arguments.config, &arguments.overrides, printer)?;
    plan.go_on_from(arguments.from.as_deref())?;
    let stages = stages(&plan, &arguments.config, arguments.overrides.trust, printer)?;
    printer.status(&describe(&plan, &stages));
    if arguments.dry_run {
        return Ok(());
    }
    start(&plan, &stages, printer)
}

/// Opens the plugins of a plan. Published plugins are pinned in the lock file next to the
/// configuration.
pub(crate) fn stages(
    plan: &RunPlan,
    config: &Path,
    trust: Trust,
    printer: Printer,
) -> Result<Stages, Failure> {
    let bindings = &plan.config.models;
    let models = if bindings.is_empty() {
        None
    } else {
        if let Some(from) = &plan.from {
            Models::copy_replies(&plan.directory.replies(), &from.replies())?;
        }
        let models = Models::bind(bindings, &plan.directory.replies(), &|text| {
            printer.status(text);
        })?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let setup = HostConfig {
        models,
        limits: plan.config.limits.clone(),
        failures: Some(plan.directory.failures()),
        ..plugins::setup(trust, &config.with_file_name(tpo_bundle::LOCK_FILE))?
    };
    Stages::open(&plan.config, &Plugins::new(setup)?)
}

/// Runs a plan and prints its metrics.
pub(crate) fn start(plan: &RunPlan, stages: &Stages, printer: Printer) -> Result<(), Failure> {
    let progress = RunProgress::new(printer);
    tpo_run::run(plan, stages, &|event| progress.on(event))?;
    printer.data(&status::text(&plan.directory)?);
    printer.status(&format!(
        "run directory: {}",
        plan.directory.root().display()
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
    let beside = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    RunPlan::new(read.config, &beside, RunDirectory::at(directory), &|text| {
        printer.status(text);
    })
}

/// The plan, for the user.
fn describe(plan: &RunPlan, stages: &Stages) -> String {
    let config = &plan.config;
    let mut lines = vec![
        format!("run        {}", plan.directory.root().display()),
        format!("model      {}", plan.base.path.display()),
        format!(
            "work       {} iterations of {} instructions x {} completions; {} validation \
                instructions x {} completions",
            config.iterations,
            plan.slice_size,
            config.sampling.num_samples,
            plan.validation.len(),
            config.validation.num_samples,
        ),
    ];
    for cast in &stages.cast {
        lines.push(format!(
            "{:10} {} from {}",
            cast.role.slot(),
            cast.plugin,
            cast.plugin.source
        ));
    }
    lines.join("\n")
}
