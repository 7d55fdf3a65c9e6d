//! A component that is compiled and linked, and the one way to run it.

pub(crate) mod call_error;
pub(crate) mod compile;
pub(crate) mod engine;
pub(crate) mod footprint;
pub(crate) mod imports;
pub(crate) mod meter;
pub(crate) mod state;

use tpo_types::Failure;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre, Linker};

use crate::contract::bindings::exports::tpo::plugin::metadata;
use crate::contract::mismatch;
use crate::limits::Limits;
use crate::source::Source;
use call_error::CallError;
use engine::TimedEngine;
use state::{Services, State};

/// A component, ready to be instantiated.
pub(crate) struct CompiledComponent {
    pub(crate) pre: InstancePre<State>,
    pub(crate) metadata: metadata::GuestIndices,
    engine: TimedEngine,
    environment: Environment,
    /// Bytes that an instance holds besides memories and tables.
    held: usize,
}

/// What every instance gets.
#[derive(Clone)]
pub(crate) struct Environment {
    pub(crate) limits: Limits,
    pub(crate) services: Services,
}

impl CompiledComponent {
    /// Links a component whose instances hold `held` bytes besides memories and tables.
    pub(crate) fn link(
        component: &Component,
        held: usize,
        engine: &TimedEngine,
        linker: &Linker<State>,
        environment: Environment,
        source: &Source,
    ) -> Result<Self, Failure> {
        let pre = linker
            .instantiate_pre(component)
            .map_err(|error| mismatch::refusal(source, error))?;
        let metadata =
            metadata::GuestIndices::new(&pre).map_err(|error| mismatch::refusal(source, error))?;
        Ok(Self {
            pre,
            metadata,
            engine: engine.clone(),
            environment,
            held,
        })
    }

    /// What its instances may use.
    pub(crate) fn limits(&self) -> &Limits {
        &self.environment.limits
    }

    /// A store for a fresh instance; its time runs from now. What the instance logs appears under
    /// the name `plugin`.
    pub(crate) fn store(&self, plugin: &str) -> Store<State> {
        let Environment { limits, services } = &self.environment;
        State::store(&self.engine, limits, self.held, plugin, services)
    }

    /// Readies a store for another call; its time runs from now.
    pub(crate) fn renew(&self, store: &mut Store<State>, plugin: &str) {
        State::renew(store, &self.engine, self.limits(), plugin);
    }

    /// Ends a call: shows the rest of its log, and explains an end without outcomes.
    pub(crate) fn end<T>(
        &self,
        store: &Store<State>,
        outcome: wasmtime::Result<T>,
    ) -> Result<T, CallError> {
        let last_lines = store.data().log.finish();
        outcome.map_err(|error| CallError::new(error, last_lines, self.limits()))
    }

    /// Makes a fresh instance, does one thing with it and drops it.
    pub(crate) fn run<T>(
        &self,
        plugin: &str,
        work: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<T>,
    ) -> Result<T, CallError> {
        let mut store = self.store(plugin);
        let outcome = self
            .pre
            .instantiate(&mut store)
            .and_then(|instance| work(&mut store, &instance));
        self.end(&store, outcome)
    }
}
