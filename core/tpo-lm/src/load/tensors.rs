//! Checks that every weight format shares: no tensor is missing or unexpected, shapes match, values
//! are finite.

use std::path::Path;

use rayon::prelude::*;
use tpo_types::{Failure, FailureKind};

use crate::params::Entry;

/// Fills `values` entry by entry with `read`, which is called from several threads. Fails if a
/// value is not finite; the failure is that of the first bad tensor.
pub(super) fn fill<R>(
    file: &Path,
    entries: &[Entry],
    values: &mut [f32],
    read: R,
) -> Result<(), Failure>
where
    R: Fn(&Entry, &mut [f32]) -> Result<(), Failure> + Sync,
{
    let mut rest = values;
    let mut slots = Vec::with_capacity(entries.len());
    for entry in entries {
        let (slot, tail) = rest.split_at_mut(entry.range.len());
        slots.push((entry, slot));
        rest = tail;
    }
    let outcomes: Vec<Result<(), Failure>> = slots
        .into_par_iter()
        .map(|(entry, slot)| {
            read(entry, slot)?;
            require_finite(file, &entry.name, slot)
        })
        .collect();
    outcomes.into_iter().collect()
}

/// Fails if a tensor does not have the shape of the model.
pub(super) fn require_shape(
    file: &Path,
    name: &str,
    expected: &[usize],
    found: &[usize],
) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    let what = format!(
        "tensor `{name}` of `{}` has shape {found:?}, not {expected:?}",
        file.display()
    );
    Err(Failure::new(FailureKind::Input, what)
        .hint("weights and configuration belong to different models: download both again"))
}

/// The failure for a missing tensor.
pub(super) fn missing(file: &Path, name: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("`{}` has no tensor `{name}`", file.display()),
    )
    .hint("the file is incomplete or its architecture is not the one it names")
}

/// Fails if there are tensors that the model does not have: without them, outputs would be wrong.
pub(super) fn reject_unexpected_tensors<'a>(
    file: &Path,
    names: impl Iterator<Item = &'a str>,
    known: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    // The smallest name, because the order of a hash map varies.
    let Some(name) = names.filter(|name| !known(name)).min() else {
        return Ok(());
    };
    let what = format!(
        "tensor `{name}` of `{}` is unexpected in this architecture",
        file.display()
    );
    Err(Failure::new(FailureKind::Input, what)
        .hint("the model differs from its family in a way that is not supported"))
}

fn require_finite(file: &Path, name: &str, values: &[f32]) -> Result<(), Failure> {
    let Some(index) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let what = format!(
        "tensor `{name}` of `{}` holds {} at index {index}",
        file.display(),
        values[index]
    );
    Err(Failure::new(FailureKind::Input, what)
        .hint("the file is damaged or its training diverged: use another checkpoint"))
}
