//! Filling a model's weights from whatever holds them.
//!
//! The checks that every file format shares: nothing is missing, nothing is left over, shapes
//! agree, values are finite.

use std::path::Path;

use rayon::prelude::*;
use tpo_types::{Failure, FailureKind};

use crate::params::Entry;

/// Fills `values` entry by entry through `read`, which is called from several threads, and refuses
/// values that are not finite. With several bad tensors the failure is always the first one's.
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

/// Refuses a tensor whose shape is not the model's.
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
        .hint("the weights do not belong to this configuration: get both again"))
}

/// The failure for a tensor that is not there.
pub(super) fn missing(file: &Path, name: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("`{}` has no tensor `{name}`", file.display()),
    )
    .hint("the file is incomplete or of another architecture than it says")
}

/// Refuses tensors that the model has no place for: running without them would give wrong numbers.
pub(super) fn refuse_strangers<'a>(
    file: &Path,
    names: impl Iterator<Item = &'a str>,
    known: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    // The smallest name, so that the message does not depend on the order of a hash map.
    let Some(name) = names.filter(|name| !known(name)).min() else {
        return Ok(());
    };
    let what = format!(
        "tensor `{name}` of `{}` has no place in this architecture",
        file.display()
    );
    Err(Failure::new(FailureKind::Input, what)
        .hint("the model differs from its family in a way that tpo cannot run"))
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
        .hint("the file is damaged or its training diverged: get another checkpoint"))
}
