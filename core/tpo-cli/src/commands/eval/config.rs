//! The configuration of an evaluation: a file, and what the options add to it. Paths on the command
//! line are relative to the working directory, unlike those of the file.

use std::env;
use std::path::{Path, PathBuf};

use tpo_judge::JudgeConfig;
use tpo_run::config::ThoughtConfig;
use tpo_run::evaluation::{EvaluatedModel, EvaluatedSet, EvaluationConfig, NamedThought};
use tpo_run::{Arm, Override};
use tpo_types::{Failure, FailureKind};

use crate::arguments::EvalArguments;
use crate::printer::Printer;

/// Reads the configuration and adds the options.
pub(super) fn read(
    arguments: &EvalArguments,
    printer: Printer,
) -> Result<EvaluationConfig, Failure> {
    let overrides = arguments.shared.set.iter().map(|set| Override::parse(set));
    let overrides = overrides.collect::<Result<Vec<_>, _>>()?;
    let read = EvaluationConfig::read(arguments.config.as_deref(), &overrides)?;
    for note in &read.notes {
        printer.status(&format!("note: {note}"));
    }
    let mut config = read.config;
    let here = env::current_dir().map_err(|error| {
        Failure::new(FailureKind::Resources, "there is no working directory").because(error)
    })?;
    let models = arguments.model.iter().map(|given| model(given, &here));
    config.model.extend(models);
    for given in &arguments.thought {
        config.thought.push(thought(given, &here)?);
    }
    let sets = arguments.data.iter().map(|given| set(given, &here));
    config.set.extend(sets);
    if let Some(plugin) = &arguments.shared.judge {
        add_judge(&mut config, plugin, &here)?;
    }
    for given in &arguments.judge_model {
        bind(&mut config, given, &here)?;
    }
    if let Some(limit) = arguments.limit {
        for set in &mut config.set {
            set.limit = Some(set.limit.map_or(limit, |own| own.min(limit)));
        }
    }
    if let Some(baseline) = &arguments.baseline {
        config.baseline = Some(baseline.clone());
    }
    Ok(config)
}

/// `NAME=SOURCE` or `SOURCE`.
struct Named<'a> {
    name: Option<&'a str>,
    source: &'a str,
}

impl<'a> Named<'a> {
    fn of(given: &'a str) -> Self {
        match given.split_once('=') {
            // A name has no separators; `dir/a=b` is a path.
            Some((name, source)) if !name.contains(['/', '\\', ':']) => Self {
                name: Some(name),
                source,
            },
            _ => Self {
                name: None,
                source: given,
            },
        }
    }
}

fn model(given: &str, here: &Path) -> EvaluatedModel {
    let Named { name, source } = Named::of(given);
    let name = name.map(str::to_owned);
    let path = here.join(source);
    if path.is_file() && has_extension(source, &["json", "jsonl"]) {
        return EvaluatedModel {
            name,
            responses: Some(path),
            ..EvaluatedModel::default()
        };
    }
    EvaluatedModel {
        name,
        source: Some(tpo_lm::paths::resolve_relative(source, here)),
        ..EvaluatedModel::default()
    }
}

fn thought(given: &str, here: &Path) -> Result<NamedThought, Failure> {
    let Named { name, source } = Named::of(given);
    let arm = match source {
        "direct" => Arm::Direct,
        source => Arm::Thought(tpo_host::resolve_relative(source, here)),
    };
    let thought = arm.thought(&ThoughtConfig::default())?;
    let name = name.map_or_else(|| arm.name(), str::to_owned);
    Ok(NamedThought::new(&name, thought, None))
}

fn set(given: &str, here: &Path) -> EvaluatedSet {
    let Named { name, source } = Named::of(given);
    let path = here.join(source);
    let is_file = name.is_some() || path.is_file();
    let stem = Path::new(source).file_stem().unwrap_or_default();
    EvaluatedSet {
        name: match name {
            Some(name) => name.to_owned(),
            None if is_file => stem.to_string_lossy().replace(' ', "-"),
            None => source.to_owned(),
        },
        data: is_file.then_some(path),
        ..EvaluatedSet::default()
    }
}

/// Adds a judge under the plugin's name: for the sets that name no judges and are not known.
fn add_judge(config: &mut EvaluationConfig, plugin: &str, here: &Path) -> Result<(), Failure> {
    let stem = Path::new(plugin).file_stem().unwrap_or_default();
    let name = stem.to_string_lossy().into_owned();
    if config.judges.contains_key(&name) {
        let what = format!("`--judge {plugin}`: there is a judge `{name}` already");
        return Err(Failure::new(FailureKind::Usage, what).hint(format!(
            "configure it without `--judge`: `--set judges.{name}.plugin={plugin}`, or under \
                 another name in `[judges]` of the configuration file"
        )));
    }
    config.judges.insert(
        name,
        JudgeConfig {
            plugin: tpo_host::resolve_relative(plugin, here),
            ..JudgeConfig::default()
        },
    );
    Ok(())
}

fn bind(config: &mut EvaluationConfig, given: &str, here: &Path) -> Result<(), Failure> {
    let Some((alias, source)) = given.split_once('=') else {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("`--judge-model {given}` has no alias"),
        )
        .hint("write `--judge-model judge=smollm2-135m`: the alias, and the model"));
    };
    let source = tpo_lm::paths::resolve_relative(source, here);
    config
        .models
        .insert(alias.to_owned(), tpo_judge::ModelBinding::local(source));
    Ok(())
}

fn has_extension(source: &str, extensions: &[&str]) -> bool {
    let extension = PathBuf::from(source);
    let extension = extension.extension().and_then(|one| one.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}
