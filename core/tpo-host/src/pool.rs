//! Instances of a configured component, lent to whoever has a batch to ask about.
//!
//! An instance that ended a call well is kept for the next one, until it has served
//! [`batches_per_instance`](crate::Limits::batches_per_instance) batches; one that crashed is never used again. By
//! default an instance serves one batch: that costs some tens of microseconds for compiled guests, and makes an outcome
//! independent of what was asked before.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use wasmtime::Store;

use crate::bindings::tpo::plugin::types;
use crate::component::CompiledComponent;
use crate::crash::Crash;
use crate::roles::Role;
use crate::state::State;

/// Instances of one component in one role with one configuration.
pub(crate) struct Pool<R: Role> {
    component: Arc<CompiledComponent>,
    export: R::Export,
    /// The plugin's own name.
    name: String,
    /// A JSON object.
    config: String,
    idle: Mutex<Vec<Warm<R>>>,
}

/// A configured instance.
struct Warm<R: Role> {
    store: Store<State>,
    guest: R::Guest,
    /// How many batches it has answered.
    served: u32,
}

impl<R: Role> Pool<R> {
    pub(crate) fn new(component: Arc<CompiledComponent>, export: R::Export, name: &str, config: &Value) -> Self {
        Self { component, export, name: name.into(), config: config.to_string(), idle: Mutex::default() }
    }

    /// Asks an instance about one batch.
    pub(crate) fn ask(&self, items: &[R::Item]) -> Result<Result<Vec<R::Outcome>, types::Error>, Crash> {
        let mut warm = match self.take() {
            Some(mut warm) => {
                self.component.renew(&mut warm.store, &self.name);
                warm
            }
            None => match self.start()? {
                Ok(warm) => warm,
                Err(error) => return Ok(Err(error)),
            },
        };
        let reply = R::call(&warm.guest, &mut warm.store, items);
        let reply = self.component.ended(&warm.store, reply)?;
        warm.served += 1;
        if warm.served < self.component.limits.batches_per_instance {
            self.lock().push(warm);
        }
        Ok(reply)
    }

    /// A fresh instance, configured.
    fn start(&self) -> Result<Result<Warm<R>, types::Error>, Crash> {
        let mut store = self.component.store(&self.name);
        let begun = self.component.pre.instantiate(&mut store).and_then(|instance| {
            let metadata = self.component.metadata.load(&mut store, &instance)?;
            if let Err(error) = metadata.call_configure(&mut store, &self.config)? {
                return Ok(Err(error));
            }
            R::enter(&self.export, &mut store, &instance).map(Ok)
        });
        // On success the log goes on: what it prints while it is configured belongs to its first batch.
        match begun {
            Ok(guest) => Ok(guest.map(|guest| Warm { store, guest, served: 0 })),
            Err(error) => self.component.ended(&store, Err(error)),
        }
    }

    fn take(&self) -> Option<Warm<R>> {
        self.lock().pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Warm<R>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
