//! The test cases of a plugin: one set per role.

use std::path::{Path, PathBuf};

use tpo_host::{Case, HostConfig, Plugins};
use tpo_types::{Failure, FailureKind, PluginRole};

/// The test cases of a plugin in one role.
pub(super) struct RoleCases {
    pub(super) role: PluginRole,
    /// Empty if there are none.
    pub(super) cases: Vec<Case>,
}

/// The cases of `source` in the requested role, or in each of its roles: from `file`, or from the
/// project that holds the component.
pub(super) fn role_cases(
    host: &HostConfig,
    source: &str,
    requested: Option<PluginRole>,
    file: Option<&Path>,
) -> Result<Vec<RoleCases>, Failure> {
    let own = Plugins::new(host.clone())?.roles(source)?;
    let read = |role| {
        let file = file
            .map(Path::to_owned)
            .or_else(|| project_cases(source, role));
        let cases = file.as_deref().map_or(Ok(Vec::new()), Case::read)?;
        Ok(RoleCases { role, cases })
    };
    roles(source, requested, &own)?
        .into_iter()
        .map(read)
        .collect()
}

/// The roles to test a plugin in: the requested one, or all that it has.
fn roles(
    source: &str,
    requested: Option<PluginRole>,
    own: &[PluginRole],
) -> Result<Vec<PluginRole>, Failure> {
    match requested {
        None => Ok(own.to_vec()),
        Some(role) if own.contains(&role) => Ok(vec![role]),
        Some(role) => {
            let names: Vec<&str> = own.iter().map(|role| role.as_str()).collect();
            let what = format!("`{source}` is a {}, not a {role}", names.join(" and a "));
            Err(Failure::new(FailureKind::Usage, what))
        }
    }
}

/// The test cases of a project, next to its component.
fn project_cases(component: &str, role: PluginRole) -> Option<PathBuf> {
    let names = [
        format!("fixtures/{role}.jsonl"),
        "fixtures/cases.jsonl".to_owned(),
    ];
    let directory = Path::new(component).parent()?;
    names
        .iter()
        .map(|name| directory.join(name))
        .find(|path| path.is_file())
}
