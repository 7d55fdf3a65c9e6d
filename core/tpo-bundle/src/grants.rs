//! What components ask for, and whether the user has agreed.
//!
//! A component cannot use what it does not import, so its imports are its requests. Nothing is
//! granted by default.

use std::collections::BTreeSet;

use tpo_types::text::escape;
use tpo_types::{Failure, Kind};

use crate::bundle::Bundle;
use crate::name::Name;
use crate::reference::Reference;
use crate::surface::Surface;

/// The package of what a grant written in short is an interface of.
const PACKAGE: &str = "tpo:plugin/";

/// One request of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub component: Name,
    /// For what, without version: for example `tpo:plugin/model`.
    pub import: String,
    /// What for, in the author's words; none where the bundle has no manifest.
    pub why: Option<String>,
}

/// Everything that the components of a bundle ask for.
pub(crate) fn asks(bundle: &Bundle, surfaces: &[Surface]) -> Vec<Ask> {
    let permissions = bundle
        .manifest
        .as_ref()
        .map_or(&[][..], |manifest| manifest.permissions.as_slice());
    let why = |import: &str| {
        let permission = permissions
            .iter()
            .find(|permission| permission.import == import);
        permission.map(|permission| permission.why.clone())
    };
    let mut asks = Vec::new();
    for (part, surface) in bundle.parts.iter().zip(surfaces) {
        let imports = surface.capabilities().into_iter();
        asks.extend(imports.map(|import| Ask {
            component: part.name.clone(),
            why: why(&import),
            import,
        }));
    }
    asks
}

/// The grants that a user gave, in full: `model` is `tpo:plugin/model`.
pub(crate) fn in_full(given: &[String]) -> BTreeSet<String> {
    let full = |grant: &String| {
        if grant.contains(':') {
            grant.clone()
        } else {
            format!("{PACKAGE}{grant}")
        }
    };
    given.iter().map(full).collect()
}

/// Refuses a grant of something that nobody asks for.
pub(crate) fn check_wanted(
    given: &BTreeSet<String>,
    asks: &[Ask],
    reference: &Reference,
) -> Result<(), Failure> {
    let Some(unwanted) = given
        .iter()
        .find(|grant| asks.iter().all(|ask| ask.import != **grant))
    else {
        return Ok(());
    };
    let wanted: BTreeSet<&str> = asks.iter().map(|ask| ask.import.as_str()).collect();
    let hint = if wanted.is_empty() {
        "it asks for nothing: leave out `--grant`".to_owned()
    } else {
        format!(
            "it asks for `{}`",
            wanted.into_iter().collect::<Vec<_>>().join("`, `")
        )
    };
    let what = format!(
        "`{}` is granted, and nothing in `{reference}` asks for it",
        escape(unwanted)
    );
    Err(Failure::new(Kind::Usage, what).hint(hint))
}

/// Refuses a request that was not granted. `verb` is the command that would grant it.
pub(crate) fn check_granted<'a>(
    asks: impl Iterator<Item = &'a Ask>,
    granted: &BTreeSet<String>,
    reference: &Reference,
    verb: &str,
) -> Result<(), Failure> {
    let refused: Vec<&Ask> = asks.filter(|ask| !granted.contains(&ask.import)).collect();
    let Some(first) = refused.first() else {
        return Ok(());
    };
    let why = first.why.as_ref().map_or_else(
        || "without a reason".to_owned(),
        |why| format!("because: \"{why}\""),
    );
    let what = format!(
        "component `{}` of `{reference}` asks for `{}` {why}; that is not granted",
        first.component, first.import
    );
    let imports: BTreeSet<&str> = refused.iter().map(|ask| ask.import.as_str()).collect();
    let flags: String = imports
        .iter()
        .map(|import| format!(" --grant {import}"))
        .collect();
    Err(Failure::new(Kind::Plugin, what).hint(format!(
        "if you agree: `tpo plugin {verb} {reference}{flags}`"
    )))
}
