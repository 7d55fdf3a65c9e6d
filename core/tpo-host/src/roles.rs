//! The roles of the contract: a row per role in [`of_role`], and a file per role with its contract,
//! its samples and the stage that it becomes.

pub(crate) mod judge;
mod macros;
pub(crate) mod pair_selector;
pub(crate) mod pairwise_judge;
pub(crate) mod response_parser;
pub(crate) mod thought_template;

use tpo_types::{Failure, PluginRole};

use crate::dispatch::failure_policy::PluginRequest;
use crate::dispatch::json::JsonPlugin;
use crate::dispatch::role::RoleContract;
use crate::plugins::Plugins;

/// Evaluates an expression with `$contract` as the contract of a role that is known at run time.
macro_rules! of_role {
    ($role:expr, $contract:ident => $value:expr) => {
        of_role!(@rows $role, $contract => $value,
            Judge: judge::Judging,
            PairSelector: pair_selector::Selecting,
            PairwiseJudge: pairwise_judge::Comparing,
            ResponseParser: response_parser::Parsing,
            ThoughtTemplate: thought_template::Rendering,
        )
    };
    (@rows $role:expr, $contract:ident => $value:expr, $($name:ident: $path:path,)+) => {
        match $role {
            $(PluginRole::$name => {
                type $contract = $path;
                $value
            })+
        }
    };
}

impl Plugins {
    /// Loads a plugin in the given role.
    pub fn in_json(
        &self,
        role: PluginRole,
        request: &PluginRequest<'_>,
    ) -> Result<JsonPlugin, Failure> {
        of_role!(role, Contract => self.load::<Contract>(request).map(JsonPlugin::new))
    }
}

/// A few items of the role as JSON.
pub(crate) fn samples(role: PluginRole) -> &'static str {
    of_role!(role, Contract => Contract::SAMPLES)
}
