//! What a role is to whatever carries its calls.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tpo_types::{PluginRole, ScoreRange};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::component::state::State;
use crate::contract::bindings::tpo::plugin::types;

/// One of the roles of the contract: what each passes across the boundary, and what an outcome must
/// look like.
///
/// A role is a list of items in and a list of outcomes out, one per item, in the contract's own
/// records. It does not depend on what carries them (a component or a native library), in how many
/// batches, or what happens when that fails.
pub(crate) trait RoleContract: Sized + 'static {
    const ROLE: PluginRole;
    /// What messages call the items.
    const ITEMS: &'static str;
    /// Whether all items must be in one call, because an outcome may depend on every item.
    const AT_ONCE: bool = false;
    /// A few items as JSON, for tests of plugins that bring no cases of their own.
    const SAMPLES: &'static str;
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
    ) -> GuestReply<Self::Outcome>;

    /// About how many bytes an item takes.
    fn bytes(item: &Self::Item) -> usize;
    /// What messages call an item; `number` is its position among all, from 1.
    fn name(item: &Self::Item, number: usize) -> String;
    /// How an outcome breaks the contract, if it does, as the end of a sentence: "the plugin
    /// returned ...".
    fn check(item: &Self::Item, outcome: &Self::Outcome) -> Result<(), String>;
    /// The same where the plugin said which range its scores are in.
    fn check_range(_outcome: &Self::Outcome, _range: ScoreRange) -> Result<(), String> {
        Ok(())
    }
    /// The outcome of an item that the plugin failed on, where the run continues without it.
    fn without_answer(item: &Self::Item, reason: &str) -> Self::Outcome;
}

/// What `bindgen!` makes of a role's function: the engine's error, or the guest's own.
pub(crate) type GuestReply<T> = wasmtime::Result<Result<Vec<T>, types::Error>>;
