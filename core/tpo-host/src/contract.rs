//! What makes a component a plugin: its exports, and the version that they are of.
//!
//! All of this is decided by names, before anything is compiled: a component that was built for
//! another version or exports no role gets a message that says so, not a type mismatch.

pub(crate) mod bindings;
pub(crate) mod convert;
pub(crate) mod mismatch;

use tpo_bundle::Surface;
use tpo_types::{Failure, PluginRole};

use crate::source::Source;

/// The package of the contract, as names of interfaces begin.
pub(crate) const PACKAGE: &str = "tpo:plugin/";
/// The version of the contract. Another minor version is another contract; patches only add to it.
pub(crate) const VERSION: &str = "0.1";

/// The name of something exported or imported: `namespace:package/interface@version`.
pub(crate) struct InterfaceName<'a> {
    /// The name without its version.
    pub(crate) interface: &'a str,
    version: &'a str,
}

impl<'a> InterfaceName<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        Self { interface, version }
    }

    /// Whether it is in version `minor`, for example `0.1`, of its package.
    pub(crate) fn is_in(&self, minor: &str) -> bool {
        self.version
            .strip_prefix(minor)
            .is_some_and(|patch| patch.starts_with('.'))
    }

    /// Its name within the contract's package; none if it is of another package.
    pub(crate) fn in_contract(&self) -> Option<&'a str> {
        self.interface.strip_prefix(PACKAGE)
    }

    /// Refuses an interface of another version of the contract.
    pub(crate) fn check_version(&self, source: &Source) -> Result<(), Failure> {
        if self.is_in(VERSION) {
            return Ok(());
        }
        let built_for = if self.version.is_empty() {
            "no version"
        } else {
            self.version
        };
        let what = format!("was built for tpo:plugin {built_for}; this tpo supports {VERSION}");
        Err(source
            .refusal(what)
            .hint("rebuild it with the `wit/` of this tpo, or use a tpo of that version"))
    }
}

/// The roles that a component exports. Refuses a component that exports none.
pub(crate) fn roles(surface: &Surface, source: &Source) -> Result<Vec<PluginRole>, Failure> {
    let mut roles = Vec::new();
    let mut has_metadata = false;
    for export in &surface.exports {
        let name = InterfaceName::of(export);
        let Some(interface) = name.in_contract() else {
            continue;
        };
        name.check_version(source)?;
        match PluginRole::named(interface) {
            Some(role) => roles.push(role),
            None if interface == "metadata" => has_metadata = true,
            None => {
                let what =
                    format!("exports `{export}`, which is not a role of tpo:plugin {VERSION}");
                return Err(source
                    .refusal(what)
                    .hint(format!("the roles are {}", PluginRole::names())));
            }
        }
    }
    if roles.is_empty() {
        let exports = if surface.exports.is_empty() {
            "nothing".into()
        } else {
            surface.exports.join(", ")
        };
        let what = format!(
            "exports {exports}; a plugin exports a role such as {PACKAGE}judge@{VERSION}.0"
        );
        return Err(source
            .refusal(what)
            .hint(format!("the roles are {}", PluginRole::names())));
    }
    if !has_metadata {
        let what = format!("does not export `{PACKAGE}metadata`");
        return Err(source
            .refusal(what)
            .hint("build it for one of the worlds of `wit/worlds.wit`: all of them export it"));
    }
    roles.sort();
    Ok(roles)
}

/// Refuses a plugin that does not have the role it was named for.
pub(crate) fn check_role(
    roles: &[PluginRole],
    requested: PluginRole,
    source: &Source,
) -> Result<(), Failure> {
    if roles.contains(&requested) {
        return Ok(());
    }
    let names: Vec<String> = roles.iter().map(|role| format!("a {role}")).collect();
    let mut flags: Vec<String> = roles
        .iter()
        .map(|role| format!("`--{}`", role.slot()))
        .collect();
    flags.dedup();
    let what = format!("is {}, not a {requested}", names.join(" and "));
    Err(source
        .refusal(what)
        .hint(format!("use it with {}", flags.join(" or "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_contract() {
        let package = include_str!("../../../wit/types.wit");
        assert!(package.contains(&format!("package tpo:plugin@{VERSION}.")));
    }

    #[test]
    fn patches_are_in_a_version_and_other_minors_are_not() {
        assert!(InterfaceName::of("tpo:plugin/judge@0.1.7").is_in("0.1"));
        for other in [
            "tpo:plugin/judge@0.10.0",
            "tpo:plugin/judge@0.2.0",
            "tpo:plugin/judge@1.0.1",
            "tpo:plugin/judge",
        ] {
            assert!(!InterfaceName::of(other).is_in("0.1"), "{other}");
        }
    }
}
