//! What the host keeps for one call of a guest: what it may use, what it is given, what it says.
//!
//! A store is made for an instance and renewed for each of its calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tpo_types::ModelService;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{ResourceTable, WasiCtx};

use crate::bindings::tpo::plugin::{log, types};
use crate::engine::TimedEngine;
use crate::limits::{HANDLES, Limits, Meter};
use crate::log::Log;
use crate::models::Lent;
use crate::wasi::Noise;

/// The host's side of one call.
pub(crate) struct State {
    meter: Meter,
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) noise: Noise,
    pub(crate) log: SharedLog,
    pub(crate) models: Lent,
}

impl State {
    /// A store for one call of instances that hold `held` bytes besides their memories. Its time
    /// runs from now, so that instantiation, which runs guest code, is in it.
    pub(crate) fn store(
        engine: &TimedEngine,
        limits: &Limits,
        held: usize,
        plugin: &str,
        models: Option<Arc<dyn ModelService>>,
    ) -> Store<Self> {
        let state = Self {
            meter: Meter::new(limits, held),
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            noise: Noise::default(),
            log: SharedLog(Arc::new(Mutex::new(Log::new(plugin, limits)))),
            models: Lent::new(models, limits),
        };
        let mut store = Store::new(&engine.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(limits.answer_bytes());
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(engine.ticks(limits.time()));
        let clock = engine.clone();
        store.epoch_deadline_callback(move |mut store| {
            // The time that it has waited for a model was not its own.
            let waited = std::mem::take(&mut store.data_mut().models.to_give_back);
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
        store.data_mut().noise = Noise::default();
        store.data_mut().models.renew();
        *store.data().log.lock() = Log::new(plugin, limits);
        store.set_hostcall_fuel(limits.answer_bytes());
        store.set_epoch_deadline(engine.ticks(limits.time()));
    }
}

/// The log, shared with the streams that the guest has open.
#[derive(Clone)]
pub(crate) struct SharedLog(Arc<Mutex<Log>>);

impl SharedLog {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log so far; an empty one takes its place.
    pub(crate) fn take(&self) -> Log {
        std::mem::take(&mut *self.lock())
    }
}

impl types::Host for State {}

impl log::Host for State {
    fn emit(&mut self, level: log::Level, message: String) {
        self.log.lock().message(level, &message);
    }
}
