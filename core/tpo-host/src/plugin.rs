//! What the five adapters have in common: a component with its configuration, asked in batches.
//!
//! Every batch gets a fresh instance that is configured and asked once. It costs some tens of microseconds for compiled
//! guests, and makes an outcome independent of what was asked before.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use tpo_types::{Failure, Kind, PluginIdentity, PluginRole};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::batch;
use crate::bindings::exports::tpo::plugin::{judge, pair_selector, pairwise_judge, response_parser, thought_template};
use crate::bindings::tpo::plugin::types;
use crate::component::CompiledComponent;
use crate::crash::Drift;
use crate::inspection;
use crate::source::Source;
use crate::state::State;
use crate::text::quotable;

/// The longest error text of a guest that is shown, in bytes.
const ERROR_BYTES: usize = 2000;

/// A role's interface, found in a component. `bindgen!` writes the same functions for every role, but no trait.
pub(crate) trait Export: Sized {
    const ROLE: PluginRole;
    type Guest;
    fn find(component: &InstancePre<State>) -> wasmtime::Result<Self>;
    fn enter(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self::Guest>;
}

macro_rules! export {
    ($module:ident, $role:ident) => {
        impl Export for $module::GuestIndices {
            const ROLE: PluginRole = PluginRole::$role;
            type Guest = $module::Guest;

            fn find(component: &InstancePre<State>) -> wasmtime::Result<Self> {
                Self::new(component)
            }

            fn enter(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self::Guest> {
                self.load(store, instance)
            }
        }
    };
}

export!(thought_template, ThoughtTemplate);
export!(response_parser, ResponseParser);
export!(judge, Judge);
export!(pairwise_judge, PairwiseJudge);
export!(pair_selector, PairSelector);

/// A component in one role, with its configuration.
pub(crate) struct Plugin<E> {
    component: Arc<CompiledComponent>,
    export: E,
    identity: PluginIdentity,
    /// A JSON object.
    config: String,
}

impl<E: Export> Plugin<E> {
    /// Finds the role in the component and has an instance look at the configuration, so that a wrong one is refused
    /// before anything is asked.
    pub(crate) fn load(component: Arc<CompiledComponent>, source: &Source, config: &Value) -> Result<Self, Failure> {
        if !config.is_object() {
            let what = format!("the configuration of {} `{}` is not a table", E::ROLE, source.name);
            return Err(Failure::new(Kind::Usage, what));
        }
        let config = config.to_string();
        let drifted = |error| source.refusal(Drift.to_string()).hint(Drift::HINT).because(error);
        let export = E::find(&component.pre).map_err(drifted)?;
        let (description, configured) = component
            .run(&source.name, |store, instance| {
                export.enter(store, instance).map_err(|error| error.context(Drift))?;
                let metadata = component.metadata.load(&mut *store, instance).map_err(|error| error.context(Drift))?;
                Ok((metadata.call_describe(&mut *store)?, metadata.call_configure(store, &config)?))
            })
            .map_err(|crash| crash.failure(&source.subject(), "while it was configured"))?;
        let identity = inspection::identity(&description, source)?;
        let plugin = Self { component, export, identity, config };
        match configured {
            Ok(()) => Ok(plugin),
            Err(error) => Err(plugin.misconfigured(&error, &source.name)),
        }
    }

    pub(crate) fn identity(&self) -> &PluginIdentity {
        &self.identity
    }

    /// Asks for the outcomes of all items, batch by batch. `bytes` is the size of an item.
    pub(crate) fn in_batches<T, R>(
        &self,
        items: &[T],
        bytes: impl Fn(&T) -> usize,
        ask: impl Fn(&Call<'_, E>, &[T]) -> Result<Vec<R>, Failure>,
    ) -> Result<Vec<R>, Failure> {
        let batches = batch::cut(items.iter().map(bytes));
        let mut outcomes = Vec::with_capacity(items.len());
        for (number, batch) in batches.iter().enumerate() {
            let place = format!("in batch {} of {}", number + 1, batches.len());
            let call = Call { plugin: self, place, items: batch.clone() };
            outcomes.extend(ask(&call, &items[batch.clone()])?);
        }
        Ok(outcomes)
    }

    /// The one call that has all `groups`.
    pub(crate) fn at_once(&self, groups: usize) -> Call<'_, E> {
        Call { plugin: self, place: "in the one call for all groups".into(), items: 0..groups }
    }

    /// How messages call this plugin.
    fn subject(&self) -> String {
        let PluginIdentity { name, version, sha256, source } = &self.identity;
        format!("{} `{name}` {version} ({source}, sha256 {})", E::ROLE, &sha256[..12])
    }

    fn misconfigured(&self, error: &types::Error, name: &str) -> Failure {
        match error {
            types::Error::InvalidConfig(why) => {
                let what = format!("{} refuses its configuration: {}", self.subject(), quotable(why, ERROR_BYTES));
                Failure::new(Kind::Usage, what).hint(format!("`tpo plugin inspect {name}` prints its keys"))
            }
            _ => self.failed(error, "while it was configured"),
        }
    }

    fn failed(&self, error: &types::Error, place: &str) -> Failure {
        let (did, why) = match error {
            types::Error::InvalidConfig(why) => ("found fault with its configuration", why),
            types::Error::InvalidInput(why) => ("could not use its input", why),
            types::Error::Internal(why) => ("failed", why),
        };
        Failure::new(Kind::Plugin, format!("{} {did} {place}: {}", self.subject(), quotable(why, ERROR_BYTES)))
    }
}

/// One call of a role.
pub(crate) struct Call<'a, E> {
    plugin: &'a Plugin<E>,
    /// How messages call it.
    place: String,
    /// Which of all items it has.
    items: Range<usize>,
}

impl<E: Export> Call<'_, E> {
    /// Asks a fresh instance.
    pub(crate) fn ask<R>(
        &self,
        question: impl FnOnce(&E::Guest, &mut Store<State>) -> wasmtime::Result<Result<R, types::Error>>,
    ) -> Result<R, Failure> {
        let Plugin { component, export, identity, config } = self.plugin;
        component
            .run(&identity.name, |store, instance| {
                let metadata = component.metadata.load(&mut *store, instance)?;
                if let Err(error) = metadata.call_configure(&mut *store, config)? {
                    return Ok(Err(error));
                }
                question(&export.enter(store, instance)?, store)
            })
            .map_err(|crash| crash.failure(&self.plugin.subject(), &self.whole()))?
            .map_err(|error| self.plugin.failed(&error, &self.whole()))
    }

    /// The call, where no item of it can be named.
    fn whole(&self) -> String {
        format!("{} (items {} to {})", self.place, self.items.start + 1, self.items.end)
    }

    /// The number of an item among all that were asked for, from 1; `index` is its place in this call.
    pub(crate) fn item(&self, index: usize) -> usize {
        self.items.start + index + 1
    }

    /// An answer that breaks the contract; `what` goes on from the plugin's name.
    pub(crate) fn broken(&self, what: impl AsRef<str>) -> Failure {
        let what = format!("{} {} {}", self.plugin.subject(), what.as_ref(), self.place);
        Failure::new(Kind::Plugin, what).hint("this is a fault of the plugin: its answer breaks the contract in `wit/`")
    }

    /// Checks that there is one outcome per item; `noun` names the items.
    pub(crate) fn check_count(&self, outcomes: usize, items: usize, noun: &str) -> Result<(), Failure> {
        if outcomes == items {
            return Ok(());
        }
        Err(self.broken(format!("gave {outcomes} instead of {items} outcomes for the {noun}")))
    }
}
