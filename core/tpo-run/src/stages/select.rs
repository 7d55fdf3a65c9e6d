//! Judged candidates to preference pairs.

use std::collections::BTreeMap;

use tpo_types::{CandidateGroupView, Failure};

use super::one_per_item::one_per_item;
use crate::context::RunContext;
use crate::groups::{CandidateGroup, SelectedGroup};
use crate::slice::Slice;

/// The groups of a slice with what was selected from them.
#[derive(Debug)]
pub(crate) struct SelectedSlice<'a> {
    /// One per instruction.
    pub groups: Vec<SelectedGroup<'a>>,
    /// Numbers that the selector reports, such as `rho`.
    pub metrics: BTreeMap<String, f64>,
}

/// Selects the pairs of a slice. The selector sees all groups in one call.
pub(crate) fn select<'a>(
    context: &RunContext<'_>,
    slice: &Slice,
    groups: Vec<CandidateGroup<'a>>,
) -> Result<SelectedSlice<'a>, Failure> {
    let views: Vec<CandidateGroupView<'_>> = groups.iter().map(CandidateGroup::view).collect();
    let selected = context.pipeline.selector.select(&views)?;
    let selections = one_per_item("the pair selector", groups.len(), selected.selections)?;
    let groups = groups
        .into_iter()
        .zip(selections)
        .map(|(group, selection)| SelectedGroup { group, selection })
        .collect::<Vec<_>>();
    context.stages.store.put_selections(slice, &groups)?;
    Ok(SelectedSlice {
        groups,
        metrics: selected.metrics,
    })
}
