//! Instances of a configured component: one for every few batches in a row.
//!
//! A fresh instance costs some tens of microseconds for compiled guests, a millisecond for Python,
//! and the first touch of its memory as much again, so one serves
//! [`batches_per_instance`](crate::Limits::batches_per_instance) batches. They are consecutive
//! batches of one call, in order: what a plugin keeps between batches, though it must not, then
//! never depends on the number of threads. An instance that crashed or returned an error is never
//! used again.

use std::sync::Arc;

use serde_json::Value;
use wasmtime::Store;

use crate::component::CompiledComponent;
use crate::component::call_error::CallError;
use crate::component::state::State;
use crate::dispatch::role::RoleContract;

/// Instances of one component in one role with one configuration.
pub(crate) struct Instances<R: RoleContract> {
    component: Arc<CompiledComponent>,
    export: R::Export,
    /// The plugin's own name.
    name: String,
    /// A JSON object.
    config: String,
}

/// A configured instance that can serve another batch.
pub(crate) struct ReusableInstance<R: RoleContract> {
    store: Store<State>,
    guest: R::Guest,
}

impl<R: RoleContract> Instances<R> {
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
        self.component.limits().batches_per_instance as usize
    }

    /// The outcomes of one batch from `reusable`, or from a fresh instance, which is left there if
    /// it can serve another batch.
    pub(crate) fn call(
        &self,
        reusable: &mut Option<ReusableInstance<R>>,
        items: &[R::Item],
    ) -> Result<Vec<R::Outcome>, CallError> {
        let mut instance = match reusable.take() {
            Some(mut instance) => {
                self.component.renew(&mut instance.store, &self.name);
                instance
            }
            None => self.start()?,
        };
        let reply = R::call(&instance.guest, &mut instance.store, items);
        let outcomes = self.component.end(&instance.store, reply)??;
        *reusable = Some(instance);
        Ok(outcomes)
    }

    /// A fresh instance, configured.
    fn start(&self) -> Result<ReusableInstance<R>, CallError> {
        let mut store = self.component.store(&self.name);
        let started = self
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
        // On success the log stays open: what the guest prints while it is configured belongs to
        // its first batch.
        match started {
            Ok(guest) => Ok(ReusableInstance {
                guest: guest?,
                store,
            }),
            Err(error) => self.component.end(&store, Err(error)),
        }
    }
}
