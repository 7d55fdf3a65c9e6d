//! A model to its outcomes on a validation set.

use tpo_judge::{JudgeMetrics, ScoreScale};
use tpo_types::Failure;

use super::compare::compare;
use super::{judge::judge, parse::parse, render::render, resample::resample, sample::sample};
use crate::context::Context;
use crate::groups::CandidateGroup;
use crate::metrics::{Measurement, Outcomes, SampleMetrics, ScoredInstruction};
use crate::model_version::ModelVersion;
use crate::plan::ValidationSet;
use crate::policy::Policy;
use crate::progress::Event;
use crate::slice::Slice;

/// A model to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured<'a> {
    /// The model.
    pub policy: &'a Policy,
    /// Earlier models that a judge which only compares compares it with.
    pub opponents: &'a [ModelVersion],
}

/// Measures a model on a set, unless that is recorded already.
pub(crate) fn validate(
    context: &Context<'_>,
    set: &ValidationSet,
    measured: Measured<'_>,
) -> Result<Measurement, Failure> {
    let policy = measured.policy;
    if let Some(recorded) = context.store.measurement(set.name(), policy)?
        && measured
            .opponents
            .iter()
            .all(|opponent| recorded.has_met(opponent))
    {
        return Ok(recorded);
    }
    let slice = Slice::Validation {
        set: set.name().to_owned(),
        model: policy.version,
    };
    let mut sampler = (context.pipeline.open_sampler)(&policy.checkpoint)?;
    let rendered = render(context, &slice, &*sampler)?;
    let sampled = sample(context, &slice, policy, rendered, &mut *sampler)?;
    let parsed = parse(context, &slice, sampled, &*sampler)?;
    let parsed = resample(context, &slice, parsed, &mut *sampler)?;
    drop(sampler);
    let measurement = match context.pipeline.judge_of(&slice).scoring.scale() {
        ScoreScale::Absolute => scored(context, set, &slice, policy.version, parsed)?,
        ScoreScale::WithinGroup => compared(context, set, &slice, measured, &parsed)?,
    };
    context.store.put_measurement(&measurement, policy)?;
    (context.observer)(&Event::Measured(&measurement));
    Ok(measurement)
}

/// The outcomes of a judge whose scores of two models can be compared.
fn scored(
    context: &Context<'_>,
    set: &ValidationSet,
    slice: &Slice,
    model: ModelVersion,
    groups: Vec<CandidateGroup<'_>>,
) -> Result<Measurement, Failure> {
    let judged = judge(context, slice, groups)?;
    let k = set.config.num_samples;
    let rows = judged.groups.iter();
    Ok(Measurement {
        set: set.name().to_owned(),
        model,
        sampled: SampleMetrics::of(judged.groups.iter(), k),
        judge: judged.metrics,
        outcomes: Outcomes::Scores(rows.map(|group| ScoredInstruction::of(group, k)).collect()),
    })
}

/// The outcomes of a judge that says which of two responses is better.
fn compared(
    context: &Context<'_>,
    set: &ValidationSet,
    slice: &Slice,
    measured: Measured<'_>,
    groups: &[CandidateGroup<'_>],
) -> Result<Measurement, Failure> {
    let k = set.config.num_samples;
    let judge = context.pipeline.judge_of(slice);
    let mut metrics = JudgeMetrics::default();
    let mut all = Vec::new();
    for opponent in measured.opponents {
        let compared = compare(context, judge, slice, groups, *opponent, k)?;
        // The first opponent is the base model, which every model meets.
        metrics.comparisons = metrics.comparisons.or(compared.metrics);
        all.push(compared.head_to_head);
    }
    Ok(Measurement {
        set: set.name().to_owned(),
        model: measured.policy.version,
        sampled: SampleMetrics::of(groups.iter(), k),
        judge: metrics,
        outcomes: Outcomes::Comparisons(all),
    })
}
