//! Candidates to judged candidates.

use tpo_judge::{ComparisonOutcome, JudgeMetrics};
use tpo_types::{Failure, ResponseGroup};

use super::one_per_item::one_per_item;
use crate::context::Context;
use crate::groups::CandidateGroup;
use crate::pipeline::RunJudge;
use crate::progress::Stage;
use crate::reuse;
use crate::slice::Slice;
use crate::store::{ComparisonRow, StageOutput, to_json};

/// The groups of a slice, judged.
#[derive(Debug)]
pub(crate) struct JudgedSlice<'a> {
    /// One per instruction. Every candidate that parsed has a judgment.
    pub groups: Vec<CandidateGroup<'a>>,
    /// How consistent the judges are.
    pub metrics: JudgeMetrics,
}

/// Judges the responses of a slice, unless the same judge has judged the same responses before. The
/// judgments of a slice are committed together, once the last one is there.
pub(crate) fn judge<'a>(
    context: &Context<'_>,
    slice: &Slice,
    judge: &RunJudge,
    mut groups: Vec<CandidateGroup<'a>>,
) -> Result<JudgedSlice<'a>, Failure> {
    let responses: Vec<ResponseGroup<'_>> = groups.iter().map(CandidateGroup::responses).collect();
    let items = responses.iter().map(|group| group.responses.len()).sum();
    let cache_key = reuse::judgments_key(context.judging.models, judge, &responses);
    let cached = reuse::cached_judgments(context, slice, &cache_key)?;
    let reused = if cached.is_some() { items } else { 0 };

    context
        .judging
        .stage_started(Stage::Judge, slice, items, reused);
    let metrics = if let Some(mut cached) = cached {
        for group in &mut groups {
            let mut judgments = cached.judgments.remove(group.id()).unwrap_or_default();
            for (index, candidate) in group.candidates.iter_mut().enumerate() {
                candidate.judgment = judgments.remove(&index);
            }
        }
        cached.metrics
    } else {
        let output = context
            .judging
            .models
            .guarded(judge)
            .score(&responses, &|judged| {
                (0..judged).for_each(|_| context.judging.item_done(0));
            })?;
        let metrics = output.metrics();
        put_comparisons(context, slice, &groups, &output.comparisons)?;
        let judgments = one_per_item("the judge", groups.len(), output.judgments)?;
        for (group, judgments) in groups.iter_mut().zip(judgments) {
            let parsed = group.parsed();
            let judgments = one_per_item("the judge", parsed.len(), judgments)?;
            for (index, judgment) in parsed.into_iter().zip(judgments) {
                group.candidates[index].judgment = Some(judgment);
            }
        }
        metrics
    };
    context.store.put_judgments(slice, &groups)?;
    let output = StageOutput {
        cache_key,
        items,
        reused,
        stats: to_json(&metrics),
    };
    context
        .store
        .put_stage_output(slice, Stage::Judge, &output)?;
    context.judging.stage_ended();
    Ok(JudgedSlice { groups, metrics })
}

/// Records comparisons under the indices of the candidates that were compared.
fn put_comparisons(
    context: &Context<'_>,
    slice: &Slice,
    groups: &[CandidateGroup<'_>],
    comparisons: &[ComparisonOutcome],
) -> Result<(), Failure> {
    let parsed: Vec<Vec<usize>> = groups.iter().map(CandidateGroup::parsed).collect();
    let rows: Vec<ComparisonRow<'_>> = comparisons
        .iter()
        .map(|comparison| ComparisonRow {
            instruction_id: groups[comparison.group].id(),
            first: parsed[comparison.group][comparison.first],
            second: parsed[comparison.group][comparison.second],
            verdict: &comparison.verdict,
        })
        .collect();
    context.store.put_preferences(slice, &rows)
}
