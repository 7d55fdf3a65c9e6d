//! The role `pairwise-judge`.

use crate::bindings::exported_interface;
use crate::export::Component;
use crate::{Error, Plugin, state};

exported_interface!(
    bindings,
    "package tpo:sdk; world pairwise-judge { export tpo:plugin/pairwise-judge@0.1.0; }",
    "export_pairwise_judge"
);
pub use bindings::exports::tpo::plugin::pairwise_judge::{
    Comparison, Preference, Strength, Verdict,
};

/// Compares two responses to one instruction.
pub trait PairwiseJudge: Plugin {
    /// One verdict per comparison, in order.
    fn compare(&self, comparisons: &[Comparison]) -> Result<Vec<Verdict>, Error>;
}

impl<C: Component<Plugin: PairwiseJudge>> bindings::exports::tpo::plugin::pairwise_judge::Guest
    for C
{
    fn compare(comparisons: Vec<Comparison>) -> Result<Vec<Verdict>, Error> {
        state::with(|plugin: &C::Plugin| plugin.compare(&comparisons))
    }
}

/// Exports a [`PairwiseJudge`]. The component imports models only if it calls
/// [`model`](crate::model).
#[macro_export]
macro_rules! export_pairwise_judge {
    ($plugin:ty) => {
        $crate::__export!($plugin, pairwise_judge PairwiseJudge export_pairwise_judge);
    };
}
