//! Command-line options as overrides of the configuration. Paths on the command line are relative
//! to the working directory, unlike those of the file.

use std::env;
use std::path::{Path, PathBuf};

use tpo_run::Override;
use tpo_types::{Failure, FailureKind};

use crate::arguments::{JudgeOverrides, RunOverrides};

impl RunOverrides {
    /// The overrides in the order in which they apply: `--set` comes last.
    pub(crate) fn list(&self) -> Result<Vec<Override>, Failure> {
        let here = working_directory()?;
        let mut overrides = Vec::new();
        for (key, name) in [
            ("judge.plugin", &self.shared.judge),
            ("thought.plugin", &self.thought),
            ("parser.plugin", &self.parser),
            ("selector.plugin", &self.selector),
        ] {
            overrides.extend(plugin(key, name.as_deref(), &here));
        }
        if let Some(source) = &self.model {
            overrides.push(model("model.source", source, &here));
        }
        if let Some(path) = &self.data {
            overrides.push(Override::text(
                "data.train",
                here.join(path).display().to_string(),
            ));
        }
        set(&mut overrides, &self.shared.set)?;
        Ok(overrides)
    }
}

impl JudgeOverrides {
    /// The overrides in the order in which they apply: `--set` comes last.
    pub(crate) fn list(&self) -> Result<Vec<Override>, Failure> {
        let here = working_directory()?;
        let mut overrides = Vec::new();
        overrides.extend(plugin("judge.plugin", self.shared.judge.as_deref(), &here));
        for given in &self.model {
            let (alias, source) = given.split_once('=').ok_or_else(|| {
                Failure::new(
                    FailureKind::Usage,
                    format!("`--model {given}` has no alias"),
                )
                .hint(
                    "write `--model judge=smollm2-135m`: the alias that the judge uses, and the \
                        model",
                )
            })?;
            overrides.push(model(&format!("models.{alias}.source"), source, &here));
        }
        set(&mut overrides, &self.shared.set)?;
        Ok(overrides)
    }
}

fn plugin(key: &str, name: Option<&str>, here: &Path) -> Option<Override> {
    Some(Override::text(key, tpo_host::resolve_relative(name?, here)))
}

fn model(key: &str, source: &str, here: &Path) -> Override {
    Override::text(key, tpo_lm::paths::resolve_relative(source, here))
}

fn set(overrides: &mut Vec<Override>, given: &[String]) -> Result<(), Failure> {
    for given in given {
        overrides.push(Override::parse(given)?);
    }
    Ok(())
}

/// The directory that paths of the command line are relative to.
pub(crate) fn working_directory() -> Result<PathBuf, Failure> {
    env::current_dir().map_err(|error| {
        Failure::new(FailureKind::Resources, "there is no working directory").because(error)
    })
}
