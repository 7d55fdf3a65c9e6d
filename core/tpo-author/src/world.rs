//! Which world of the contract a component is built for.

use tpo_bundle::BundleManifest;
use tpo_bundle::manifest::ManifestComponent;
use tpo_types::{Failure, FailureKind, PluginRole};

/// The import that a judge which asks a model has beyond the others.
const MODEL: &str = "tpo:plugin/model";

/// The name of the world that exports a component's roles, and imports models if the manifest
/// requests them.
pub(crate) fn of(
    component: &ManifestComponent,
    manifest: &BundleManifest,
) -> Result<String, Failure> {
    let has_role = |role| component.roles.contains(&role);
    let is_format = has_role(PluginRole::ThoughtTemplate) && has_role(PluginRole::ResponseParser);
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
    let requests_model = manifest
        .permissions
        .iter()
        .any(|permission| permission.import == MODEL);
    Ok(format!(
        "{}{world}-plugin",
        if requests_model { "model-" } else { "" }
    ))
}
