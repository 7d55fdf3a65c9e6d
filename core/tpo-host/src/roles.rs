//! The five roles: what each passes across the boundary, what an answer must look like, and the
//! stage it makes.
//!
//! A role is a list of items in and a list of outcomes out, one per item, in the contract's own
//! records. What carries them (a component, a native library), in how many batches, and what
//! happens when that fails, is not known here.

pub(crate) mod convert;
pub(crate) mod judge;
pub(crate) mod pairwise;
pub(crate) mod parser;
pub(crate) mod selector;
pub(crate) mod template;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tpo_types::PluginRole;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::tpo::plugin::types;
use crate::state::State;

/// One of the roles of the contract.
pub(crate) trait Role: Sized + 'static {
    const ROLE: PluginRole;
    /// How messages call the items.
    const ITEMS: &'static str;
    /// Whether all items must be in one call, because an outcome may depend on every item.
    const AT_ONCE: bool = false;
    type Item: Serialize + DeserializeOwned + Clone + Send + Sync;
    type Outcome: Serialize + DeserializeOwned + Send;
    /// The role's interface, found in a component.
    type Export: Send + Sync;
    /// The same in an instance.
    type Guest: Send;

    fn find(component: &InstancePre<State>) -> wasmtime::Result<Self::Export>;
    fn enter(
        export: &Self::Export,
        store: &mut Store<State>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Guest>;
    fn call(
        guest: &Self::Guest,
        store: &mut Store<State>,
        items: &[Self::Item],
    ) -> Reply<Self::Outcome>;

    /// About how many bytes an item takes.
    fn bytes(item: &Self::Item) -> usize;
    /// How messages call an item; `number` is its place among all, from 1.
    fn name(item: &Self::Item, number: usize) -> String;
    /// What is wrong with an outcome, if it breaks the contract: goes on from "gave".
    fn check(item: &Self::Item, outcome: &Self::Outcome) -> Result<(), String>;
    /// The outcome of an item that the plugin could not answer, where a run goes on without it.
    fn without_answer(item: &Self::Item, reason: &str) -> Self::Outcome;
}

/// What a guest answers: outcomes, or that the call as a whole failed.
pub(crate) type Reply<T> = wasmtime::Result<Result<Vec<T>, types::Error>>;

/// `bindgen!` writes the same functions for every role, but no trait.
macro_rules! call_through {
    ($module:ident, $method:ident) => {
        type Export = $module::GuestIndices;
        type Guest = $module::Guest;

        fn find(component: &InstancePre<State>) -> wasmtime::Result<Self::Export> {
            $module::GuestIndices::new(component)
        }

        fn enter(
            export: &Self::Export,
            store: &mut Store<State>,
            instance: &Instance,
        ) -> wasmtime::Result<Self::Guest> {
            export.load(store, instance)
        }

        fn call(
            guest: &Self::Guest,
            store: &mut Store<State>,
            items: &[Self::Item],
        ) -> Reply<Self::Outcome> {
            guest.$method(store, items)
        }
    };
}
use call_through;
