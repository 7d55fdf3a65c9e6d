//! A component that is compiled and linked, and the one way to run it.

use std::sync::Arc;

use tpo_types::{Failure, ModelService};
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Instance, InstancePre, Linker};

use crate::bindings::exports::tpo::plugin::metadata;
use crate::bindings::tpo::plugin::{log, model, types};
use crate::crash::Crash;
use crate::engine::TimedEngine;
use crate::limits::Limits;
use crate::source::Source;
use crate::state::State;
use crate::wasi;

/// A component, ready to be instantiated.
pub(crate) struct CompiledComponent {
    pub(crate) pre: InstancePre<State>,
    pub(crate) metadata: metadata::GuestIndices,
    pub(crate) limits: Limits,
    /// Bytes that its instances hold besides memories and tables.
    held: usize,
    engine: TimedEngine,
    models: Option<Arc<dyn ModelService>>,
}

impl CompiledComponent {
    pub(crate) fn link(
        component: &Component,
        held: usize,
        engine: &TimedEngine,
        linker: &Linker<State>,
        limits: &Limits,
        source: &Source,
        models: Option<Arc<dyn ModelService>>,
    ) -> Result<Self, Failure> {
        let pre = linker
            .instantiate_pre(component)
            .map_err(|error| source.drifted(error))?;
        let metadata = metadata::GuestIndices::new(&pre).map_err(|error| source.drifted(error))?;
        Ok(Self {
            pre,
            metadata,
            engine: engine.clone(),
            limits: limits.clone(),
            held,
            models,
        })
    }

    /// A store for a fresh instance; its time runs from now. What the instance says is logged under
    /// the name `plugin`.
    pub(crate) fn store(&self, plugin: &str) -> Store<State> {
        State::store(
            &self.engine,
            &self.limits,
            self.held,
            plugin,
            self.models.clone(),
        )
    }

    /// Readies a store for another call; its time runs from now.
    pub(crate) fn renew(&self, store: &mut Store<State>, plugin: &str) {
        State::renew(store, &self.engine, &self.limits, plugin);
    }

    /// Ends a call: shows what is left of its log, and explains an end without an answer.
    pub(crate) fn ended<T>(
        &self,
        store: &Store<State>,
        outcome: wasmtime::Result<T>,
    ) -> Result<T, Crash> {
        let last_lines = store.data().log.take().finish();
        outcome.map_err(|error| Crash::new(error, last_lines, &self.limits))
    }

    /// Makes a fresh instance, does one thing with it and drops it.
    pub(crate) fn run<R>(
        &self,
        plugin: &str,
        work: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, Crash> {
        let mut store = self.store(plugin);
        let outcome = self
            .pre
            .instantiate(&mut store)
            .and_then(|instance| work(&mut store, &instance));
        self.ended(&store, outcome)
    }
}

/// Everything that a component can import.
pub(crate) fn linker(engine: &TimedEngine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(&engine.engine);
    types::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    model::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}
