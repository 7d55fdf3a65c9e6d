//! Instances of a configured component: one for every few batches in a row.
//!
//! A fresh instance costs some tens of microseconds for compiled guests, a millisecond for Python,
//! and the first touch of its memory as much again, so one serves
//! [`batches_per_instance`](crate::Limits::batches_per_instance) batches. They are consecutive
//! batches of one call, in order: what a plugin carries over, though it must not, then never
//! depends on how many threads there are. An instance that crashed, or that said it failed, is
//! never asked again.

use std::sync::Arc;

use serde_json::Value;
use wasmtime::Store;

use crate::bindings::tpo::plugin::types;
use crate::component::CompiledComponent;
use crate::crash::Crash;
use crate::roles::Role;
use crate::state::State;

/// Instances of one component in one role with one configuration.
pub(crate) struct Instances<R: Role> {
    component: Arc<CompiledComponent>,
    export: R::Export,
    /// The plugin's own name.
    name: String,
    /// A JSON object.
    config: String,
}

/// A configured instance that can be asked again.
pub(crate) struct Warm<R: Role> {
    store: Store<State>,
    guest: R::Guest,
}

impl<R: Role> Instances<R> {
    pub(crate) fn new(
        component: Arc<CompiledComponent>,
        export: R::Export,
        name: &str,
        config: &Value,
    ) -> Self {
        Self {
            component,
            export,
            name: name.into(),
            config: config.to_string(),
        }
    }

    /// How many batches in a row one instance serves.
    pub(crate) fn batches(&self) -> usize {
        self.component.limits.batches_per_instance as usize
    }

    /// Asks about one batch: the instance in `warm`, or a fresh one, which is left there if it can
    /// be asked again.
    pub(crate) fn ask(
        &self,
        warm: &mut Option<Warm<R>>,
        items: &[R::Item],
    ) -> Result<Result<Vec<R::Outcome>, types::Error>, Crash> {
        let mut instance = match warm.take() {
            Some(mut instance) => {
                self.component.renew(&mut instance.store, &self.name);
                instance
            }
            None => match self.start()? {
                Ok(instance) => instance,
                Err(error) => return Ok(Err(error)),
            },
        };
        let reply = R::call(&instance.guest, &mut instance.store, items);
        let reply = self.component.ended(&instance.store, reply)?;
        if reply.is_ok() {
            *warm = Some(instance);
        }
        Ok(reply)
    }

    /// A fresh instance, configured.
    fn start(&self) -> Result<Result<Warm<R>, types::Error>, Crash> {
        let mut store = self.component.store(&self.name);
        let begun = self
            .component
            .pre
            .instantiate(&mut store)
            .and_then(|instance| {
                let metadata = self.component.metadata.load(&mut store, &instance)?;
                if let Err(error) = metadata.call_configure(&mut store, &self.config)? {
                    return Ok(Err(error));
                }
                R::enter(&self.export, &mut store, &instance).map(Ok)
            });
        // On success the log goes on: what it prints while it is configured belongs to its first
        // batch.
        match begun {
            Ok(guest) => Ok(guest.map(|guest| Warm { store, guest })),
            Err(error) => self.component.ended(&store, Err(error)),
        }
    }
}
