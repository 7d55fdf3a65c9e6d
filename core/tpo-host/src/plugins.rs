//! The door of this crate: from a component's name to a stage.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tpo_types::{Failure, Kind, PluginRole};
use wasmtime::component::Linker;

use crate::component::{CompiledComponent, linker};
use crate::contract;
use crate::engine::TimedEngine;
use crate::plugin::{Export, Plugin};
use crate::source::Source;
use crate::state::State;
use crate::surface::Surface;
use crate::{Inspection, JudgePlugin, Limits, PairwiseJudgePlugin, ParserPlugin, SelectorPlugin, TemplatePlugin};

/// Loads plugins. A process needs one; each component is compiled once.
///
/// A source is a path where it has a separator or an extension, and the name of a built-in component otherwise. A
/// configuration is a JSON object, and is shown to the plugin at once: a wrong one is refused here, not in the middle of
/// a run.
pub struct Plugins {
    engine: TimedEngine,
    linker: Linker<State>,
    limits: Limits,
    /// By sha256.
    compiled: Mutex<HashMap<String, Arc<CompiledComponent>>>,
}

impl Plugins {
    /// A loader whose plugins may use `limits`.
    pub fn new(limits: Limits) -> Result<Self, Failure> {
        limits.check()?;
        let engine = TimedEngine::start()?;
        let linker = linker(&engine)
            .map_err(|error| Failure::new(Kind::Bug, "the imports of plugins cannot be linked").because(error))?;
        Ok(Self { engine, linker, limits, compiled: Mutex::default() })
    }

    /// Loads a thought template.
    pub fn thought_template(&self, source: &str, config: &Value) -> Result<TemplatePlugin, Failure> {
        self.load(source, config).map(TemplatePlugin)
    }

    /// Loads a response parser.
    pub fn response_parser(&self, source: &str, config: &Value) -> Result<ParserPlugin, Failure> {
        self.load(source, config).map(ParserPlugin)
    }

    /// Loads a judge.
    pub fn judge(&self, source: &str, config: &Value) -> Result<JudgePlugin, Failure> {
        self.load(source, config).map(JudgePlugin)
    }

    /// Loads a pairwise judge.
    pub fn pairwise_judge(&self, source: &str, config: &Value) -> Result<PairwiseJudgePlugin, Failure> {
        self.load(source, config).map(PairwiseJudgePlugin)
    }

    /// Loads a pair selector.
    pub fn pair_selector(&self, source: &str, config: &Value) -> Result<SelectorPlugin, Failure> {
        self.load(source, config).map(SelectorPlugin)
    }

    /// The roles that a component plays. It is not compiled.
    pub fn roles(&self, source: &str) -> Result<Vec<PluginRole>, Failure> {
        let source = Source::open(source)?;
        contract::roles(&surface(&source)?, &source)
    }

    /// What a component is and asks for.
    pub fn inspect(&self, source: &str) -> Result<Inspection, Failure> {
        let source = Source::open(source)?;
        let surface = surface(&source)?;
        let roles = contract::roles(&surface, &source)?;
        contract::check_imports(&surface, &source)?;
        let component = self.compile(&source)?;
        let description = component
            .run(&source.name, |store, instance| component.metadata.load(&mut *store, instance)?.call_describe(store))
            .map_err(|crash| crash.failure(&source.subject(), "while it described itself"))?;
        Inspection::new(&description, &source, surface, roles)
    }

    fn load<E: Export>(&self, source: &str, config: &Value) -> Result<Plugin<E>, Failure> {
        let source = Source::open(source)?;
        let surface = surface(&source)?;
        contract::check_role(&contract::roles(&surface, &source)?, E::ROLE, &source)?;
        contract::check_imports(&surface, &source)?;
        Plugin::load(self.compile(&source)?, &source, config)
    }

    fn compile(&self, source: &Source) -> Result<Arc<CompiledComponent>, Failure> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = compiled.get(&source.sha256) {
            return Ok(Arc::clone(component));
        }
        let component = Arc::new(CompiledComponent::compile(&self.engine, &self.linker, &self.limits, source)?);
        compiled.insert(source.sha256.clone(), Arc::clone(&component));
        Ok(component)
    }
}

fn surface(source: &Source) -> Result<Surface, Failure> {
    Surface::of(&source.bytes)
        .map_err(|error| source.refusal("is damaged").hint("build or download it again").because(error))
}
