//! A component that is compiled and linked, and the one way to run it.

use tpo_types::Failure;
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Instance, InstancePre, Linker};

use crate::bindings::exports::tpo::plugin::metadata;
use crate::bindings::tpo::plugin::{log, types};
use crate::crash::{Crash, Drift};
use crate::engine::TimedEngine;
use crate::limits::Limits;
use crate::source::Source;
use crate::state::State;
use crate::wasi;

/// A component, ready to be instantiated.
pub(crate) struct CompiledComponent {
    pub(crate) pre: InstancePre<State>,
    pub(crate) metadata: metadata::GuestIndices,
    engine: TimedEngine,
    limits: Limits,
}

impl CompiledComponent {
    pub(crate) fn compile(
        engine: &TimedEngine,
        linker: &Linker<State>,
        limits: &Limits,
        source: &Source,
    ) -> Result<Self, Failure> {
        let component = Component::from_binary(&engine.engine, &source.bytes)
            .map_err(|error| source.refusal("does not compile").because(error))?;
        let drifted = |error| source.refusal(Drift.to_string()).hint(Drift::HINT).because(error);
        let pre = linker.instantiate_pre(&component).map_err(drifted)?;
        let metadata = metadata::GuestIndices::new(&pre).map_err(drifted)?;
        Ok(Self { pre, metadata, engine: engine.clone(), limits: limits.clone() })
    }

    /// Makes a fresh instance, does one thing with it and drops it. What it says is logged under the name `plugin`.
    pub(crate) fn run<R>(
        &self,
        plugin: &str,
        work: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, Crash> {
        let mut store = State::store(&self.engine, &self.limits, plugin);
        let outcome = self.pre.instantiate(&mut store).and_then(|instance| work(&mut store, &instance));
        let last_lines = store.data().log.take().finish();
        outcome.map_err(|error| Crash::new(error, last_lines, &self.limits))
    }
}

/// Everything that a component can import.
pub(crate) fn linker(engine: &TimedEngine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(&engine.engine);
    types::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}
