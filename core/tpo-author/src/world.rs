//! Which world of the contract a component is built for.

use tpo_bundle::BundleManifest;
use tpo_bundle::manifest::ManifestComponent;
use tpo_types::{Failure, FailureKind, PluginRole};

/// The package of the contract.
const PACKAGE: &str = "tpo:plugin/";

/// The name of the world that exports a component's roles and imports what its manifest requests:
/// `model-judge-plugin` for a judge that requests `tpo:plugin/model`.
pub(crate) fn of(
    component: &ManifestComponent,
    manifest: &BundleManifest,
) -> Result<String, Failure> {
    let is_format = component.roles.contains(&PluginRole::ThoughtTemplate)
        && component.roles.contains(&PluginRole::ResponseParser);
    let world = match component.roles.as_slice() {
        [role] => role.as_str(),
        [_, _] if is_format => "thought-format",
        roles => {
            let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            let what = format!(
                "component `{}` has the roles {}, which no world of the contract combines",
                component.name,
                names.join(", ")
            );
            return Err(Failure::new(FailureKind::Input, what).hint(
                "one role per component, or `thought-template` and `response-parser` together",
            ));
        }
    };
    let imports: String = manifest
        .permissions
        .iter()
        .filter_map(|permission| permission.import.strip_prefix(PACKAGE))
        .map(|interface| format!("{interface}-"))
        .collect();
    Ok(format!("{imports}{world}-plugin"))
}
