//! The role `pair-selector`.

use crate::bindings::exported_interface;
use crate::export::Component;
use crate::{Error, Plugin, state};

exported_interface!(
    bindings,
    "package tpo:sdk; world pair-selector { export tpo:plugin/pair-selector@0.1.0; }",
    "export_pair_selector"
);
pub use bindings::exports::tpo::plugin::pair_selector::{
    Candidate, CandidateGroup, CandidateStatus, Pair, Selection,
};

/// Chooses the preference pairs to train on.
pub trait PairSelector: Plugin {
    /// One selection per group, in order.
    fn select(&self, groups: &[CandidateGroup]) -> Result<Vec<Selection>, Error>;
}

impl<C: Component<Plugin: PairSelector>> bindings::exports::tpo::plugin::pair_selector::Guest
    for C
{
    fn select(groups: Vec<CandidateGroup>) -> Result<Vec<Selection>, Error> {
        state::with(|plugin: &C::Plugin| plugin.select(&groups))
    }
}

/// Exports a [`PairSelector`].
#[macro_export]
macro_rules! export_pair_selector {
    ($plugin:ty) => {
        $crate::__export!($plugin, pair_selector PairSelector export_pair_selector);
    };
}
