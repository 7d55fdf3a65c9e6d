//! Which model to chat with, and the plugins that give it its thought format.

use std::path::Path;

use serde_json::{Map, Value};
use tpo_host::{OnError, PluginRequest};
use tpo_run::config::ThoughtConfig;
use tpo_run::{RunConfig, RunDirectory, Store};
use tpo_types::{Checkpoint, Failure, FailureKind};

use crate::printer::Printer;

/// A model with its thought format.
pub(super) struct ChatTarget {
    pub policy: Checkpoint,
    pub thought: ConfiguredPlugin,
    /// None if the thought template's own component parses.
    pub parser: Option<ConfiguredPlugin>,
    pub max_thought_tokens: Option<usize>,
}

/// A plugin and its configuration.
pub(super) struct ConfiguredPlugin {
    source: String,
    config: Value,
}

impl ConfiguredPlugin {
    pub(super) fn unconfigured(source: &str) -> Self {
        Self::new(source.to_owned(), Map::new())
    }

    pub(super) fn request(&self) -> PluginRequest<'_> {
        PluginRequest {
            source: &self.source,
            config: &self.config,
            on_error: OnError::Fail,
        }
    }

    fn new(source: String, config: Map<String, Value>) -> Self {
        Self {
            source,
            config: Value::Object(config),
        }
    }
}

impl ChatTarget {
    /// The best checkpoint of the run at `name`, or a model as for `tpo run --model`.
    pub(super) fn named(name: &str, printer: Printer) -> Result<Self, Failure> {
        let directory = RunDirectory::at(name);
        if directory.store().exists() {
            return Self::of_run(name, &directory, printer);
        }
        let path = tpo_lm::fetch::resolve(name, &|text| printer.status(text))?;
        let thought = ThoughtConfig::default();
        Ok(Self {
            policy: Checkpoint::at(path),
            thought: ConfiguredPlugin::new(thought.plugin, thought.config),
            parser: None,
            max_thought_tokens: None,
        })
    }

    fn of_run(name: &str, directory: &RunDirectory, printer: Printer) -> Result<Self, Failure> {
        let store = Store::open_read_only(&directory.store())?;
        let text = store
            .value("config")?
            .ok_or_else(|| missing(name, "configuration"))?;
        let config: RunConfig = serde_json::from_str(&text)
            .map_err(|error| missing(name, "readable configuration").because(error))?;
        let best = directory.checkpoints().join("best");
        let path = if best.exists() {
            best
        } else {
            printer.status(
                "note: no checkpoint of the run beats the base model; using the base model",
            );
            let base = store
                .value("base_model")?
                .ok_or_else(|| missing(name, "model"))?;
            Path::new(&base).to_path_buf()
        };
        Ok(Self {
            policy: Checkpoint::at(path),
            thought: ConfiguredPlugin::new(config.thought.plugin, config.thought.config),
            parser: config
                .parser
                .map(|parser| ConfiguredPlugin::new(parser.plugin, parser.config)),
            max_thought_tokens: config.thought.max_tokens,
        })
    }
}

fn missing(run: &str, what: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("the run `{run}` has no {what} yet"),
    )
}
