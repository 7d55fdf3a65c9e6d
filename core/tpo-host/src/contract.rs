//! Which exports make a component a plugin, and what it may import.
//!
//! All of this is decided by names, before anything is compiled: a component that is built for
//! another version, has nothing that `tpo` looks for, or wants something that nobody lends it is
//! told so in words, not in type mismatches.

use tpo_bundle::Surface;
use tpo_types::{Failure, PluginRole};

use crate::source::Source;
use crate::wasi;

const PACKAGE: &str = "tpo:plugin/";
/// The unit in which the contract breaks. Patches of it only add.
const VERSION: &str = "0.1";

/// The name of something exported or imported: `namespace:package/interface@version`.
struct Name<'a> {
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        Self { interface, version }
    }

    /// Whether it is in version `minor`, for example `0.1`, of its package.
    fn is_in(&self, minor: &str) -> bool {
        self.version
            .strip_prefix(minor)
            .is_some_and(|patch| patch.starts_with('.'))
    }
}

/// The roles that a component plays. Refuses a component that plays none that this host knows.
pub(crate) fn roles(surface: &Surface, source: &Source) -> Result<Vec<PluginRole>, Failure> {
    let mut roles = Vec::new();
    let mut described = false;
    for export in &surface.exports {
        let name = Name::of(export);
        let Some(interface) = name.interface.strip_prefix(PACKAGE) else {
            continue;
        };
        check_version(&name, source)?;
        match PluginRole::ALL
            .into_iter()
            .find(|role| role.as_str() == interface)
        {
            Some(role) => roles.push(role),
            None if interface == "metadata" => described = true,
            None => {
                let what = format!("exports `{export}`, which is no role of tpo:plugin {VERSION}");
                return Err(source
                    .refusal(what)
                    .hint(format!("the roles are {}", role_names())));
            }
        }
    }
    if roles.is_empty() {
        let exports = if surface.exports.is_empty() {
            "nothing".into()
        } else {
            surface.exports.join(", ")
        };
        let what =
            format!("exports {exports}; tpo looks for {PACKAGE}judge@{VERSION}.0 and the like");
        return Err(source
            .refusal(what)
            .hint(format!("a plugin exports one or more of {}", role_names())));
    }
    if !described {
        let what = format!("does not export `{PACKAGE}metadata`");
        return Err(source
            .refusal(what)
            .hint("every world of `wit/worlds.wit` exports it: build for one of those"));
    }
    roles.sort();
    Ok(roles)
}

/// Refuses a component that is to play a role it does not have.
pub(crate) fn check_role(
    roles: &[PluginRole],
    wanted: PluginRole,
    source: &Source,
) -> Result<(), Failure> {
    if roles.contains(&wanted) {
        return Ok(());
    }
    let names: Vec<String> = roles.iter().map(|role| format!("a {role}")).collect();
    let mut flags: Vec<&str> = roles.iter().copied().map(flag).collect();
    flags.dedup();
    let what = format!("is {}, not a {wanted}", names.join(" and "));
    Err(source
        .refusal(what)
        .hint(format!("use it with `{}`", flags.join("` or `"))))
}

/// Where a user names a plugin of that role.
fn flag(role: PluginRole) -> &'static str {
    match role {
        PluginRole::ThoughtTemplate => "--thought",
        PluginRole::ResponseParser => "--parser",
        PluginRole::Judge | PluginRole::PairwiseJudge => "--judge",
        PluginRole::PairSelector => "--selector",
    }
}

/// Refuses a component that wants what no plugin gets.
pub(crate) fn check_imports(surface: &Surface, source: &Source) -> Result<(), Failure> {
    let mut imports: Vec<&String> = surface.imports.iter().collect();
    // With its standard library, who connects also imports files, and who opens files also the
    // clock. The first that is refused should be what the author meant.
    imports.sort_by_key(|import| {
        ["wasi:filesystem", "wasi:clocks"]
            .iter()
            .position(|side_issue| import.starts_with(side_issue))
            .map_or(0, |at| at + 1)
    });
    imports
        .into_iter()
        .try_for_each(|import| check_import(import, source))
}

/// The import by which a component asks for models.
pub(crate) fn model_import(surface: &Surface) -> Option<&String> {
    surface
        .imports
        .iter()
        .find(|import| import.starts_with(&format!("{PACKAGE}model@")))
}

/// Refuses a component that asks for a model where none is lent.
pub(crate) fn check_no_model(surface: &Surface, source: &Source) -> Result<(), Failure> {
    let Some(import) = model_import(surface) else {
        return Ok(());
    };
    Err(source
        .refusal(format!("asks for a model (it imports `{import}`), and none is lent to it"))
        .hint("bind one in the run's configuration, for example `[models.judge]` with `source = \"smollm2-135m\"`"))
}

fn check_import(import: &str, source: &Source) -> Result<(), Failure> {
    let name = Name::of(import);
    if let Some(interface) = name.interface.strip_prefix(PACKAGE) {
        check_version(&name, source)?;
        return match interface {
            "types" | "log" | "model" => Ok(()),
            _ => Err(source.refusal(format!(
                "imports `{import}`, which tpo:plugin {VERSION} does not have"
            ))),
        };
    }
    if wasi::INTERFACES.contains(&name.interface) && name.is_in("0.2") {
        return Ok(());
    }
    let package = name.interface.split('/').next().unwrap_or_default();
    let why = match package {
        "wasi:sockets" | "wasi:http" => {
            "a plugin has no network: it may be told nothing but its input"
        }
        "wasi:filesystem" => {
            "a plugin has no files: what it needs comes with its configuration or is compiled \
                into it"
        }
        "wasi:clocks" => "a plugin has no clock: the same input has to get the same answer",
        _ if package.starts_with("wasi:") => {
            "tpo lends only the part of WASI 0.2 that a standard library needs to start"
        }
        _ => "tpo does not lend it",
    };
    let hint = format!("build it without; besides WASI a plugin may import `{PACKAGE}log`");
    Err(source
        .refusal(format!("imports `{import}`, and {why}"))
        .hint(hint))
}

fn check_version(name: &Name<'_>, source: &Source) -> Result<(), Failure> {
    if name.is_in(VERSION) {
        return Ok(());
    }
    let built_for = if name.version.is_empty() {
        "no version"
    } else {
        name.version
    };
    let what = format!("was built for tpo:plugin {built_for}; this tpo speaks {VERSION}");
    Err(source
        .refusal(what)
        .hint("rebuild it with the `wit/` of this tpo, or use a tpo that speaks its version"))
}

fn role_names() -> String {
    PluginRole::ALL.map(PluginRole::as_str).join(", ")
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
        assert!(Name::of("tpo:plugin/judge@0.1.7").is_in("0.1"));
        for other in [
            "tpo:plugin/judge@0.10.0",
            "tpo:plugin/judge@0.2.0",
            "tpo:plugin/judge@1.0.1",
            "tpo:plugin/judge",
        ] {
            assert!(!Name::of(other).is_in("0.1"), "{other}");
        }
    }
}
