//! From a plugin's name to a stage: the entry point of this crate.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tpo_bundle::BundleReference;
use tpo_types::{Failure, FailureKind, ModelService, PluginRole};
use wasmtime::component::Linker;

use crate::component::compile::{self, CompileService};
use crate::component::engine::TimedEngine;
use crate::component::state::{Services, State};
use crate::component::{CompiledComponent, Environment, footprint, imports, meter};
use crate::contract;
use crate::contract::mismatch;
use crate::dispatch::failure_policy::{FailurePolicy, PluginRequest};
use crate::dispatch::plugin::RolePlugin;
use crate::dispatch::role::RoleContract;
use crate::inspection::Inspection;
use crate::limits::Limits;
use crate::native::NativeLibrary;
use crate::source::bundles::Bundles;
use crate::source::{BinaryFormat, Source};

/// What a process decides about all of its plugins.
#[derive(Clone, Default)]
pub struct HostConfig {
    /// What each plugin may use.
    pub limits: Limits,
    /// Where components are compiled. If none, this process compiles them, without limits and every
    /// time.
    pub compiler: Option<CompileService>,
    /// Where batches that a plugin failed on are written, if anywhere.
    pub failures: Option<PathBuf>,
    /// Where plugins that are named by `oci://` come from. If none, they cannot be loaded.
    pub bundles: Option<Bundles>,
    /// The models that plugins may ask, if any.
    pub models: Option<Arc<dyn ModelService>>,
    /// Whether native plugins, which nothing confines, may be loaded.
    pub allow_native: bool,
}

/// Loads plugins. A process needs one; each component is compiled once.
///
/// A source is a bundle in a registry if it begins with `oci://`, a path if it has a separator or
/// an extension, and the name of a built-in component otherwise. A configuration is a JSON object.
/// The plugin gets it at once, so a wrong one is refused here, not in the middle of a run.
pub struct Plugins {
    engine: TimedEngine,
    linker: Linker<State>,
    config: HostConfig,
    /// By sha256.
    compiled: Mutex<HashMap<String, Arc<CompiledComponent>>>,
}

impl Plugins {
    /// A loader.
    pub fn new(config: HostConfig) -> Result<Self, Failure> {
        config.limits.check()?;
        let engine = TimedEngine::start(&config.limits)?;
        let linker = imports::linker(&engine).map_err(|error| {
            Failure::new(FailureKind::Bug, "the imports of plugins cannot be linked").because(error)
        })?;
        Ok(Self {
            engine,
            linker,
            config,
            compiled: Mutex::default(),
        })
    }

    /// The roles of a plugin. A component is not compiled for it.
    pub fn roles(&self, source: &str) -> Result<Vec<PluginRole>, Failure> {
        let source = self.open(source)?;
        match source.format {
            BinaryFormat::Component => contract::roles(&source.surface()?, &source),
            BinaryFormat::Native => Ok(self.library(&source)?.description(&source)?.roles),
        }
    }

    /// Whether a plugin asks for models.
    pub fn asks_for_models(&self, source: &str) -> Result<bool, Failure> {
        let source = self.open(source)?;
        match source.format {
            BinaryFormat::Component => Ok(imports::asks_for_models(&source.surface()?)),
            BinaryFormat::Native => Ok(false),
        }
    }

    /// The models that plugins may ask, if any.
    pub fn models(&self) -> Option<&Arc<dyn ModelService>> {
        self.config.models.as_ref()
    }

    /// How a plugin describes itself, and what it imports.
    pub fn inspect(&self, source: &str) -> Result<Inspection, Failure> {
        let source = self.open(source)?;
        if source.format == BinaryFormat::Native {
            return Inspection::of_native(self.library(&source)?.description(&source)?, &source);
        }
        let surface = source.surface()?;
        let roles = contract::roles(&surface, &source)?;
        imports::check(&surface, &source)?;
        let component = self.compile(&source)?;
        let description = component
            .run(&source.name, |store, instance| {
                component
                    .metadata
                    .load(&mut *store, instance)?
                    .call_describe(store)
            })
            .map_err(|error| error.failure(&source.subject(), "while it described itself"))?;
        Inspection::new(&description, &source, surface, roles)
    }

    /// The same for a plugin's author: also compares its own copy of the contract line by line.
    pub fn check(&self, source: &str) -> Result<Inspection, Failure> {
        let inspection = self.inspect(source)?;
        let source = self.open(source)?;
        if source.format == BinaryFormat::Component
            && !mismatch::differences(&source.bytes).is_empty()
        {
            return Err(mismatch::refusal(&source, "the types differ"));
        }
        Ok(inspection)
    }

    pub(crate) fn load<R: RoleContract>(
        &self,
        request: &PluginRequest<'_>,
    ) -> Result<RolePlugin<R>, Failure> {
        let source = self.open(request.source)?;
        let policy = FailurePolicy {
            on_error: request.on_error,
            directory: self.config.failures.clone(),
        };
        if source.format == BinaryFormat::Native {
            return RolePlugin::of_library(self.library(&source)?, &source, request.config, policy);
        }
        let surface = source.surface()?;
        contract::check_role(&contract::roles(&surface, &source)?, R::ROLE, &source)?;
        imports::check(&surface, &source)?;
        imports::check_present(&surface, &self.services(), &source)?;
        let config = source.with_defaults(request.config);
        RolePlugin::of_component(self.compile(&source)?, &source, &config, policy)
    }

    fn services(&self) -> Services {
        Services {
            models: self.config.models.clone(),
        }
    }

    fn open(&self, source: &str) -> Result<Source, Failure> {
        if !BundleReference::has_scheme(source) {
            return Source::open(source, &self.config.limits);
        }
        let reference: BundleReference = source.parse()?;
        let bundles = self.config.bundles.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Usage,
                format!("`{reference}` is in a registry, and this command uses none"),
            )
        })?;
        Source::of_bundle(source, &bundles.resolve(&reference)?, &self.config.limits)
    }

    fn library(&self, source: &Source) -> Result<NativeLibrary, Failure> {
        if self.config.allow_native {
            return NativeLibrary::load(source, &self.config.limits);
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
        let limits = &self.config.limits;
        let held = footprint::bytes(&source.bytes, limits.instances as usize).map_err(|error| {
            source
                .refusal("is not a well-formed component")
                .because(error)
        })?;
        meter::check_held(held, limits)
            .map_err(|exceeded| source.refusal(exceeded.to_string()).hint(exceeded.hint()))?;
        let compiler = self.config.compiler.as_ref();
        let component = compile::compile(&self.engine.engine, source, limits, compiler)?;
        let environment = Environment {
            limits: limits.clone(),
            services: self.services(),
        };
        let component = Arc::new(CompiledComponent::link(
            &component,
            held,
            &self.engine,
            &self.linker,
            environment,
            source,
        )?);
        compiled.insert(source.sha256.clone(), Arc::clone(&component));
        Ok(component)
    }
}
