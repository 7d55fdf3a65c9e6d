//! `tpo run`: read, check, open, run, report.

use std::path::Path;
use std::sync::Arc;

use tpo_host::{Plugins, Setup};
use tpo_judge::Models;
use tpo_run::{Override, Pipeline, RunConfig, RunDirectory, RunPlan};
use tpo_types::{Checkpoint, Failure, FailureKind, ModelService};

use crate::arguments::{Overrides, RunArguments, Trust};
use crate::commands::status;
use crate::plugins;
use crate::printer::Printer;
use crate::progress::Progress;

pub(crate) fn run(arguments: &RunArguments, printer: Printer) -> Result<(), Failure> {
    let mut plan = plan(&arguments.config, &arguments.overrides, printer)?;
    if let Some(other) = &arguments.from {
        plan.set_reuse_from(other)?;
    }
    let base = fetch_model(&plan, printer)?;
    let trust = arguments.overrides.trust;
    let pipeline = open_pipeline(&plan, &arguments.config, trust, printer)?;
    printer.talk(&describe(&plan, &base, &pipeline));
    if arguments.dry_run {
        return Ok(());
    }
    start(&plan, &base, &pipeline, printer)
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
    let mut config = read.config;
    config.resolve_relative(path.parent().unwrap_or(Path::new("")));
    RunPlan::new(config, RunDirectory::at(directory))
}

/// The model that a run starts from.
pub(crate) fn fetch_model(plan: &RunPlan, printer: Printer) -> Result<Checkpoint, Failure> {
    plan.fetch_model(&|text| printer.talk(text))
}

/// Opens the plugins of a plan. Published plugins are pinned in the lock file beside the
/// configuration.
pub(crate) fn open_pipeline(
    plan: &RunPlan,
    config: &Path,
    trust: Trust,
    printer: Printer,
) -> Result<Pipeline, Failure> {
    let bindings = &plan.config.models;
    let models = if bindings.is_empty() {
        None
    } else {
        if let Some(other) = &plan.reuse_from {
            Models::copy_replies(&plan.directory.replies(), &other.replies())?;
        }
        let models = Models::bind(bindings, &plan.directory.replies(), &|text| {
            printer.talk(text);
        })?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let setup = Setup {
        models,
        limits: plan.config.limits.clone(),
        failures: Some(plan.directory.failures()),
        ..plugins::setup(trust, &config.with_file_name(tpo_bundle::LOCK_FILE))?
    };
    Pipeline::open(&plan.config, &Plugins::new(setup)?)
}

/// Runs a plan and prints its metrics.
pub(crate) fn start(
    plan: &RunPlan,
    base: &Checkpoint,
    pipeline: &Pipeline,
    printer: Printer,
) -> Result<(), Failure> {
    let progress = Progress::new(printer);
    tpo_run::run(plan, base, pipeline, &|event| progress.on(event))?;
    printer.data(&status::text(&plan.directory)?);
    printer.talk(&format!(
        "everything is in {}",
        plan.directory.root().display()
    ));
    Ok(())
}

/// The flags as overrides. Paths on the command line are relative to the working directory, those
/// in the file to the file.
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
        .filter_map(|(key, name)| Some((key, tpo_host::anchored(name.as_ref()?, &here))));
    let model = flags.model.iter().map(|source| {
        (
            "model.source",
            tpo_lm::paths::resolve_relative(source, &here),
        )
    });
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

/// What the run will do.
fn describe(plan: &RunPlan, base: &Checkpoint, pipeline: &Pipeline) -> String {
    let config = &plan.config;
    let mut lines = vec![
        format!("run        {}", plan.directory.root().display()),
        format!("model      {}", base.path.display()),
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
    for loaded in &pipeline.plugins {
        lines.push(format!(
            "{:10} {} from {}",
            short(loaded.role),
            loaded.plugin,
            loaded.plugin.source
        ));
    }
    lines.join("\n")
}

fn short(role: tpo_types::PluginRole) -> &'static str {
    match role {
        tpo_types::PluginRole::ThoughtTemplate => "thought",
        tpo_types::PluginRole::ResponseParser => "parser",
        tpo_types::PluginRole::Judge | tpo_types::PluginRole::PairwiseJudge => "judge",
        tpo_types::PluginRole::PairSelector => "selector",
    }
}
