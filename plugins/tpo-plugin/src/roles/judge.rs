//! The role `judge`.

use crate::bindings::exported_interface;
use crate::export::Component;
use crate::{Error, Instruction, Plugin, state};

exported_interface!(
    bindings,
    "package tpo:sdk; world judge { export tpo:plugin/judge@0.1.0; }",
    "export_judge"
);
pub use bindings::exports::tpo::plugin::judge::{Group, Judgment, Scored};

/// Scores responses.
pub trait Judge: Plugin {
    /// For every group one judgment per response, in order. [`each_response`] is enough for a judge
    /// that scores each response by itself.
    fn score(&self, groups: &[Group]) -> Result<Vec<Vec<Judgment>>, Error>;
}

/// Judges every response by itself, and returns the judgments by group.
pub fn each_response(
    groups: &[Group],
    mut judge: impl FnMut(&Instruction, &str) -> Judgment,
) -> Vec<Vec<Judgment>> {
    groups
        .iter()
        .map(|group| {
            group
                .responses
                .iter()
                .map(|response| judge(&group.instruction, response))
                .collect()
        })
        .collect()
}

impl<C: Component<Plugin: Judge>> bindings::exports::tpo::plugin::judge::Guest for C {
    fn score(groups: Vec<Group>) -> Result<Vec<Vec<Judgment>>, Error> {
        state::with(|plugin: &C::Plugin| plugin.score(&groups))
    }
}

/// Exports a [`Judge`]. The component imports models only if it calls [`model`](crate::model).
#[macro_export]
macro_rules! export_judge {
    ($plugin:ty) => {
        $crate::__export!($plugin, judge Judge export_judge);
    };
}
