//! The host's side of one instance: what it may use, and a field for each import that has state.
//!
//! A store is made for an instance and renewed for each of its calls.

pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod wasi;

use std::sync::Arc;

use tpo_types::ModelService;
use wasmtime::{Store, UpdateDeadline};

use crate::component::engine::TimedEngine;
use crate::component::meter::ResourceMeter;
use crate::contract::bindings::tpo::plugin::types;
use crate::limits::Limits;
use log::SharedLog;
use model::ModelAccess;
use wasi::{HasWasi, Wasi};

/// Resource handles of one instance. Only the empty WASI has any, so no user needs to set this.
const HANDLES: usize = 10_000;

/// What is behind the imports that a process does not always have.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) models: Option<Arc<dyn ModelService>>,
}

/// The host's side of one instance.
pub(crate) struct State {
    meter: ResourceMeter,
    wasi: Wasi,
    pub(crate) log: SharedLog,
    pub(crate) models: ModelAccess,
}

impl State {
    /// A store for an instance that holds `held` bytes besides its memories. The time of its first
    /// call runs from now, so that instantiation, which runs guest code, counts.
    pub(crate) fn store(
        engine: &TimedEngine,
        limits: &Limits,
        held: usize,
        plugin: &str,
        services: &Services,
    ) -> Store<Self> {
        let log = SharedLog::new(plugin, limits);
        let state = Self {
            meter: ResourceMeter::new(limits, held),
            wasi: Wasi::new(log.clone()),
            log,
            models: ModelAccess::new(services.models.clone(), limits),
        };
        let mut store = Store::new(&engine.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(limits.answer_bytes());
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(engine.ticks(limits.time()));
        let clock = engine.clone();
        store.epoch_deadline_callback(move |mut store| {
            // Time that it waited for a model does not count as its own.
            let waited = store.data_mut().models.take_uncounted_wait();
            Ok(if waited.is_zero() {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Continue(clock.ticks(waited))
            })
        });
        store
    }

    /// Readies a store that has served a call for another one. What the guest holds, it keeps.
    pub(crate) fn renew(
        store: &mut Store<Self>,
        engine: &TimedEngine,
        limits: &Limits,
        plugin: &str,
    ) {
        let state = store.data_mut();
        state.wasi.renew();
        state.models.renew();
        state.log.renew(plugin, limits);
        store.set_hostcall_fuel(limits.answer_bytes());
        store.set_epoch_deadline(engine.ticks(limits.time()));
    }
}

impl types::Host for State {}

impl HasWasi for State {
    fn wasi(&mut self) -> &mut Wasi {
        &mut self.wasi
    }
}
