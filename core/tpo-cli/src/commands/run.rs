//! `tpo run`: read, check, open, run, report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_run::{Models, Override, RunConfig, RunDirectory, RunPlan, Stages};
use tpo_types::{Failure, FailureKind, ModelService};

use crate::arguments::{Overrides, RunArguments, Trust};
use crate::commands::status;
use crate::plugins;
use crate::printer::Printer;
use crate::progress::Progress;

pub(crate) fn run(arguments: &RunArguments, printer: Printer) -> Result<(), Failure> {
    let mut plan = plan(&arguments.config, &arguments.overrides, printer)?;
    plan.go_on_from(arguments.from.as_deref())?;
    let stages = stages(&plan, &arguments.config, arguments.overrides.trust, printer)?;
    printer.talk(&describe(&plan, &stages));
    if arguments.dry_run {
        return Ok(());
    }
    start(&plan, &stages, printer)
}

/// Opens the plugins of a plan. What is published is pinned in the lock file beside its
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
            Models::take_over(&plan.directory.replies(), &from.replies())?;
        }
        let models = Models::bind(bindings, &plan.directory.replies(), &|text| {
            printer.talk(text);
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

/// Runs a plan and prints its figures.
pub(crate) fn start(plan: &RunPlan, stages: &Stages, printer: Printer) -> Result<(), Failure> {
    let progress = Progress::new(printer);
    tpo_run::run(plan, stages, &|event| progress.on(event))?;
    printer.data(&status::text(&plan.directory)?);
    printer.talk(&format!(
        "everything is in {}",
        plan.directory.root().display()
    ));
    Ok(())
}

/// Reads and checks a configuration.
pub(crate) fn plan(
    path: &Path,
    overrides: &Overrides,
    printer: Printer,
) -> Result<RunPlan, Failure> {
    let read = RunConfig::read(path, &list(overrides)?)?;
    for note in &read.notes {
        printer.talk(&format!("note: {note}"));
    }
    let directory = overrides
        .dir
        .clone()
        .unwrap_or_else(|| Path::new("runs").join(&read.config.name));
    let beside = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    RunPlan::new(read.config, &beside, RunDirectory::at(directory), &|text| {
        printer.talk(text);
    })
}

/// The flags as overrides. Paths of the command line are relative to the working directory, unlike
/// those of the file.
fn list(flags: &Overrides) -> Result<Vec<Override>, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(FailureKind::Resources, "there is no working directory").because(error)
    })?;
    let plugins = [
        ("judge.plugin", &flags.judge),
        ("thought.plugin", &flags.thought),
        ("parser.plugin", &flags.parser),
        ("selector.plugin", &flags.selector),
    ];
    let plugins = plugins
        .into_iter()
        .filter_map(|(key, name)| Some((key, tpo_host::resolve_relative(name.as_ref()?, &here))));
    let model = flags
        .model
        .iter()
        .map(|source| ("model.source", tpo_lm::fetch::anchored(source, &here)));
    let data = flags
        .data
        .iter()
        .map(|path| ("data.train", here.join(path).display().to_string()));
    let named = plugins
        .chain(model)
        .chain(data)
        .map(|(key, value)| Ok(Override::text(key, value)));
    named
        .chain(flags.set.iter().map(|given| Override::parse(given)))
        .collect()
}

/// What is about to be done.
fn describe(plan: &RunPlan, stages: &Stages) -> String {
    let config = &plan.config;
    let mut lines = vec![
        format!("run        {}", plan.directory.root().display()),
        format!("model      {}", plan.base.path.display()),
        format!(
            "work       {} iterations of {} instructions x {} completions, {} validation \
                instructions x {}",
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
