//! Permissions that components request, and the user's grants.
//!
//! A component cannot use what it does not import, so its imports are its requests. Nothing is
//! granted by default.

use std::collections::BTreeSet;

use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind};

use crate::bundle::Bundle;
use crate::name::Name;
use crate::reference::BundleReference;
use crate::surface::Surface;

/// The package of a grant that is written without one.
const PACKAGE: &str = "tpo:plugin/";

/// A permission that a component requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionRequest {
    /// The component.
    pub component: Name,
    /// The imported interface without version, for example `tpo:plugin/model`.
    pub import: String,
    /// The author's reason; none if the bundle has no manifest.
    pub reason: Option<String>,
}

/// All permissions that the components of a bundle request.
pub(crate) fn permission_requests(bundle: &Bundle, surfaces: &[Surface]) -> Vec<PermissionRequest> {
    let permissions = bundle
        .manifest
        .as_ref()
        .map_or(&[][..], |manifest| manifest.permissions.as_slice());
    let reason = |import: &str| {
        let permission = permissions
            .iter()
            .find(|permission| permission.import == import);
        permission.map(|permission| permission.why.clone())
    };
    let mut requests = Vec::new();
    for (part, surface) in bundle.parts.iter().zip(surfaces) {
        let imports = surface.capabilities().into_iter();
        requests.extend(imports.map(|import| PermissionRequest {
            component: part.name.clone(),
            reason: reason(&import),
            import,
        }));
    }
    requests
}

/// The user's grants with their package: `model` becomes `tpo:plugin/model`.
pub(crate) fn with_package(given: &[String]) -> BTreeSet<String> {
    let full = |grant: &String| {
        if grant.contains(':') {
            grant.clone()
        } else {
            format!("{PACKAGE}{grant}")
        }
    };
    given.iter().map(full).collect()
}

/// Refuses a grant that no component requests.
pub(crate) fn check_requested(
    given: &BTreeSet<String>,
    requests: &[PermissionRequest],
    reference: &BundleReference,
) -> Result<(), Failure> {
    let Some(unrequested) = given
        .iter()
        .find(|grant| requests.iter().all(|request| request.import != **grant))
    else {
        return Ok(());
    };
    let requested: BTreeSet<&str> = requests
        .iter()
        .map(|request| request.import.as_str())
        .collect();
    let hint = if requested.is_empty() {
        "it requests no permissions: remove `--grant`".to_owned()
    } else {
        format!(
            "it requests `{}`",
            requested.into_iter().collect::<Vec<_>>().join("`, `")
        )
    };
    let what = format!(
        "`{}` is granted, but no component of `{reference}` requests it",
        escape(unrequested)
    );
    Err(Failure::new(FailureKind::Usage, what).hint(hint))
}

/// Refuses a permission request that was not granted. `command` is the subcommand that grants it.
pub(crate) fn check_granted<'a>(
    requests: impl Iterator<Item = &'a PermissionRequest>,
    granted: &BTreeSet<String>,
    reference: &BundleReference,
    command: &str,
) -> Result<(), Failure> {
    let refused: Vec<&PermissionRequest> = requests
        .filter(|request| !granted.contains(&request.import))
        .collect();
    let Some(first) = refused.first() else {
        return Ok(());
    };
    let reason = first.reason.as_ref().map_or_else(
        || "without a reason".to_owned(),
        |reason| format!("(\"{reason}\")"),
    );
    let what = format!(
        "component `{}` of `{reference}` requests `{}` {reason}, which is not granted",
        first.component, first.import
    );
    let imports: BTreeSet<&str> = refused.iter().map(|ask| ask.import.as_str()).collect();
    let flags: String = imports
        .iter()
        .map(|import| format!(" --grant {import}"))
        .collect();
    Err(Failure::new(FailureKind::Plugin, what).hint(format!(
        "to grant it: `tpo plugin {command} {reference}{flags}`"
    )))
}
