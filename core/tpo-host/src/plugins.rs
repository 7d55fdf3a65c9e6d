//! The door of this crate: from a component's name to a stage.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tpo_bundle::BundleReference;
use tpo_types::{Failure, FailureKind, ModelService, PluginRole};
use wasmtime::component::Linker;

use crate::compile;
use crate::component::{CompiledComponent, linker};
use crate::conduct::{Conduct, Wanted};
use crate::contract;
use crate::drift;
use crate::engine::TimedEngine;
use crate::footprint;
use crate::native::NativeLibrary;
use crate::plugin::Plugin;
use crate::roles::Role;
use crate::source::{Form, Source};
use crate::state::State;
use crate::{
    Bundles, Inspection, JudgePlugin, Limits, PairwiseJudgePlugin, ParserPlugin, SelectorPlugin,
    TemplatePlugin, Workshop,
};

/// What a process decides about all of its plugins.
#[derive(Clone, Default)]
pub struct Setup {
    /// What each may use.
    pub limits: Limits,
    /// Where components are compiled; without one, in this process and every time.
    pub workshop: Option<Workshop>,
    /// Where batches that a plugin failed on are written; without one, nowhere.
    pub failures: Option<PathBuf>,
    /// Where plugins that are named by `oci://` come from; without it, from nowhere.
    pub bundles: Option<Bundles>,
    /// The models that are lent to plugins that ask for one; without it, none.
    pub models: Option<Arc<dyn ModelService>>,
    /// Whether native plugins, which nothing confines, may be loaded.
    pub allow_native: bool,
}

/// Loads plugins. A process needs one; each component is compiled once.
///
/// A source is `oci://` and a bundle in a registry, a path where it has a separator or an
/// extension, and the name of a built-in component otherwise. A configuration is a JSON object, and
/// is shown to the plugin at once: a wrong one is refused here, not in the middle of a run.
pub struct Plugins {
    engine: TimedEngine,
    linker: Linker<State>,
    setup: Setup,
    /// By sha256.
    compiled: Mutex<HashMap<String, Arc<CompiledComponent>>>,
}

impl Plugins {
    /// A loader.
    pub fn new(setup: Setup) -> Result<Self, Failure> {
        setup.limits.check()?;
        let engine = TimedEngine::start(&setup.limits)?;
        let linker = linker(&engine).map_err(|error| {
            Failure::new(FailureKind::Bug, "the imports of plugins cannot be linked").because(error)
        })?;
        Ok(Self {
            engine,
            linker,
            setup,
            compiled: Mutex::default(),
        })
    }

    /// Loads a thought template.
    pub fn thought_template(&self, wanted: &Wanted<'_>) -> Result<TemplatePlugin, Failure> {
        self.load(wanted).map(TemplatePlugin)
    }

    /// Loads a response parser.
    pub fn response_parser(&self, wanted: &Wanted<'_>) -> Result<ParserPlugin, Failure> {
        self.load(wanted).map(ParserPlugin)
    }

    /// Loads a judge.
    pub fn judge(&self, wanted: &Wanted<'_>) -> Result<JudgePlugin, Failure> {
        self.load(wanted).map(JudgePlugin)
    }

    /// Loads a pairwise judge.
    pub fn pairwise_judge(&self, wanted: &Wanted<'_>) -> Result<PairwiseJudgePlugin, Failure> {
        self.load(wanted).map(PairwiseJudgePlugin)
    }

    /// Loads a pair selector.
    pub fn pair_selector(&self, wanted: &Wanted<'_>) -> Result<SelectorPlugin, Failure> {
        self.load(wanted).map(SelectorPlugin)
    }

    /// The roles that a plugin plays. A component is not compiled for it.
    pub fn roles(&self, source: &str) -> Result<Vec<PluginRole>, Failure> {
        let source = self.open(source)?;
        match source.form {
            Form::Component => contract::roles(&source.surface()?, &source),
            Form::Native => Ok(self.library(&source)?.description(&source)?.roles),
        }
    }

    /// Whether a plugin asks for models.
    pub fn asks_for_models(&self, source: &str) -> Result<bool, Failure> {
        let source = self.open(source)?;
        match source.form {
            Form::Component => Ok(contract::model_import(&source.surface()?).is_some()),
            Form::Native => Ok(false),
        }
    }

    /// Who lends models, if anybody does.
    pub fn models(&self) -> Option<&Arc<dyn ModelService>> {
        self.setup.models.as_ref()
    }

    /// What a plugin is and asks for.
    pub fn inspect(&self, source: &str) -> Result<Inspection, Failure> {
        let source = self.open(source)?;
        if source.form == Form::Native {
            return Inspection::of_native(self.library(&source)?.description(&source)?, &source);
        }
        let surface = source.surface()?;
        let roles = contract::roles(&surface, &source)?;
        contract::check_imports(&surface, &source)?;
        let component = self.compile(&source)?;
        let description = component
            .run(&source.name, |store, instance| {
                component
                    .metadata
                    .load(&mut *store, instance)?
                    .call_describe(store)
            })
            .map_err(|crash| crash.failure(&source.subject(), "while it described itself"))?;
        Inspection::new(&description, &source, surface, roles)
    }

    /// The same for a plugin whose author wants to know: its own copy of the contract is compared
    /// line by line, too.
    pub fn check(&self, source: &str) -> Result<Inspection, Failure> {
        let inspection = self.inspect(source)?;
        let source = self.open(source)?;
        if source.form == Form::Component && !drift::differences(&source.bytes).is_empty() {
            return Err(source.drifted("the types differ"));
        }
        Ok(inspection)
    }

    pub(crate) fn load<R: Role>(&self, wanted: &Wanted<'_>) -> Result<Plugin<R>, Failure> {
        let source = self.open(wanted.source)?;
        let conduct = Conduct {
            on_error: wanted.on_error,
            failures: self.setup.failures.clone(),
        };
        if source.form == Form::Native {
            return Plugin::of_library(self.library(&source)?, &source, wanted.config, conduct);
        }
        let surface = source.surface()?;
        contract::check_role(&contract::roles(&surface, &source)?, R::ROLE, &source)?;
        contract::check_imports(&surface, &source)?;
        if self.setup.models.is_none() {
            contract::check_no_model(&surface, &source)?;
        }
        let config = source.with_defaults(wanted.config);
        Plugin::of_component(self.compile(&source)?, &source, &config, conduct)
    }

    fn open(&self, source: &str) -> Result<Source, Failure> {
        if !BundleReference::has_scheme(source) {
            return Source::open(source, &self.setup.limits);
        }
        let reference: BundleReference = source.parse()?;
        let bundles = self.setup.bundles.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("`{reference}` is in a registry, and none is asked here"),
            )
        })?;
        Source::of_bundle(source, &bundles.resolve(&reference)?, &self.setup.limits)
    }

    fn library(&self, source: &Source) -> Result<NativeLibrary, Failure> {
        if self.setup.allow_native {
            return NativeLibrary::load(source, &self.setup.limits);
        }
        Err(source
            .refusal("is a native library: it could do whatever you can do")
            .hint("build a component, or trust it with `--allow-native`"))
    }

    fn compile(&self, source: &Source) -> Result<Arc<CompiledComponent>, Failure> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = compiled.get(&source.sha256) {
            return Ok(Arc::clone(component));
        }
        let Setup {
            limits,
            workshop,
            models,
            ..
        } = &self.setup;
        let held = footprint::bytes(&source.bytes, limits.instances as usize).map_err(|error| {
            source
                .refusal("is not a well-formed component")
                .because(error)
        })?;
        limits
            .check_held(held)
            .map_err(|exceeded| source.refusal(exceeded.to_string()).hint(exceeded.hint()))?;
        let component = compile::compile(&self.engine.engine, source, limits, workshop.as_ref())?;
        let component = Arc::new(CompiledComponent::link(
            &component,
            held,
            &self.engine,
            &self.linker,
            limits,
            source,
            models.clone(),
        )?);
        compiled.insert(source.sha256.clone(), Arc::clone(&component));
        Ok(component)
    }
}
