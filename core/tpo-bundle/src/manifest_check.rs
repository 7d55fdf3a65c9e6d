//! Checks that components agree with their manifest.
//!
//! A user reads the manifest before trusting a component; the component's imports and exports
//! determine what it can do. Neither may have anything that the other lacks.

use std::collections::BTreeSet;

use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind, PluginRole};

use crate::manifest::{BundleManifest, ContractVersion, ManifestComponent};
use crate::surface::Surface;

/// Checks the surfaces of all components, in the manifest's order.
pub(crate) fn check(manifest: &BundleManifest, surfaces: &[Surface]) -> Result<(), Failure> {
    for (component, surface) in manifest.components.iter().zip(surfaces) {
        let subject = format!("component `{}`", component.name);
        check_contract(manifest.contract, surface, &subject)?;
        check_roles(component, surface, &subject)?;
    }
    check_permissions(manifest, surfaces)
}

/// Checks a component without a manifest: it must export a role of a supported contract version.
pub(crate) fn check_bare(surface: &Surface, subject: &str) -> Result<(), Failure> {
    if surface.roles().is_empty() {
        let what = format!(
            "{subject} exports {}, which is not a role",
            listed(surface.exports.iter())
        );
        return Err(Failure::new(FailureKind::Plugin, what)
            .hint("a plugin exports an interface such as `tpo:plugin/judge@0.1.0`"));
    }
    check_contract(ContractVersion::V0_1, surface, subject)
}

fn check_contract(
    contract: ContractVersion,
    surface: &Surface,
    subject: &str,
) -> Result<(), Failure> {
    let other = surface
        .contract_versions()
        .into_iter()
        .find(|version| !contract.includes(version));
    let Some(version) = other else { return Ok(()) };
    let built_for = if version.is_empty() {
        "no version"
    } else {
        version
    };
    let what = format!(
        "{subject} was built for tpo:plugin {built_for}, not {}",
        contract.as_str()
    );
    Err(Failure::new(FailureKind::Plugin, what)
        .hint("build it with the `wit/` of the contract version in its manifest"))
}

fn check_roles(
    component: &ManifestComponent,
    surface: &Surface,
    subject: &str,
) -> Result<(), Failure> {
    let declared: BTreeSet<PluginRole> = component.roles.iter().copied().collect();
    let exported = surface.roles();
    let fail = |what: String| {
        Err(Failure::new(FailureKind::Plugin, what)
            .hint("make `roles` in `tpo-plugin.toml` and the component agree"))
    };
    if let Some(role) = declared.difference(&exported).next() {
        let exports = listed(surface.exports.iter());
        return fail(format!(
            "{subject} is declared to be a {role}, but exports {exports}"
        ));
    }
    if let Some(role) = exported.difference(&declared).next() {
        return fail(format!(
            "{subject} exports the role {role}, which its manifest does not declare"
        ));
    }
    Ok(())
}

fn check_permissions(manifest: &BundleManifest, surfaces: &[Surface]) -> Result<(), Failure> {
    let declared: BTreeSet<&str> = manifest
        .permissions
        .iter()
        .map(|permission| permission.import.as_str())
        .collect();
    let mut used = BTreeSet::new();
    for (component, surface) in manifest.components.iter().zip(surfaces) {
        for import in surface.capabilities() {
            if !declared.contains(import.as_str()) {
                let what = format!(
                    "component `{}` imports `{import}`, but the manifest does not request that \
                     permission",
                    component.name
                );
                return Err(Failure::new(FailureKind::Plugin, what).hint(format!(
                    "add to `tpo-plugin.toml`: `[[permission]]` with `import = \"{import}\"` and \
                        `why = \"...\"`"
                )));
            }
            used.insert(import);
        }
    }
    match declared.into_iter().find(|import| !used.contains(*import)) {
        Some(unused) => Err(Failure::new(
            FailureKind::Plugin,
            format!("the manifest requests permission for `{unused}`, which no component imports"),
        )
        .hint("remove the `[[permission]]` from `tpo-plugin.toml`")),
        None => Ok(()),
    }
}

/// The first foreign names, for a message.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.take(5).map(|name| escape(name)).collect();
    if names.is_empty() {
        "nothing".into()
    } else {
        names.join(", ")
    }
}
