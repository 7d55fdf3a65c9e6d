//! A model to its outcomes on a validation set.

use tpo_judge::{JudgeMetrics, ScoreScale};
use tpo_types::Failure;

use super::answer::answer;
use super::compare::compare;
use crate::context::{Context, RunContext};
use crate::groups::CandidateGroup;
use crate::metrics::{HeadToHead, Measurement, Outcomes, SampleMetrics, ScoredInstruction};
use crate::model_version::ModelVersion;
use crate::pipeline::RunJudge;
use crate::plan::ValidationSet;
use crate::policy::Policy;
use crate::progress::Event;
use crate::slice::{Pass, Slice};

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
    context: &RunContext<'_>,
    set: &ValidationSet,
    measured: Measured<'_>,
) -> Result<Measurement, Failure> {
    let policy = measured.policy;
    let stages = &context.stages;
    if let Some(recorded) = stages.store.measurement(set.name(), policy)?
        && measured
            .opponents
            .iter()
            .all(|opponent| recorded.has_met(opponent))
    {
        return Ok(recorded);
    }
    let pass = set.pass(policy.version);
    let mut sampler = (context.pipeline.open_sampler)(&policy.checkpoint)?;
    let answered = answer(stages, &pass, &policy.identity, &mut *sampler)?;
    drop(sampler);
    let judge = context.pipeline.validation_judge(set.name());
    let measurement = match judge.scoring.scale() {
        ScoreScale::Absolute => scored(stages, &pass, judge, policy, answered)?,
        ScoreScale::WithinGroup => compared(stages, &pass, judge, measured, &answered)?,
    };
    stages.store.put_measurement(&measurement, policy)?;
    (stages.judging.observer)(&Event::Measured(&measurement));
    Ok(measurement)
}

/// The outcomes of a judge whose scores of two models can be compared.
fn scored(
    context: &Context<'_>,
    pass: &Pass<'_>,
    judge: &RunJudge,
    policy: &Policy,
    groups: Vec<CandidateGroup<'_>>,
) -> Result<Measurement, Failure> {
    let judged = super::judge(context, &pass.slice, judge, groups)?;
    let k = pass.num_samples;
    let rows = judged.groups.iter();
    Ok(Measurement {
        set: pass.slice.stream(),
        model: policy.version,
        sampled: SampleMetrics::of(judged.groups.iter(), k),
        judge: judged.metrics,
        outcomes: Outcomes::Scores(rows.map(|group| ScoredInstruction::of(group, k)).collect()),
    })
}

/// The outcomes of a judge that says which of two responses is better.
fn compared(
    context: &Context<'_>,
    pass: &Pass<'_>,
    judge: &RunJudge,
    measured: Measured<'_>,
    groups: &[CandidateGroup<'_>],
) -> Result<Measurement, Failure> {
    let set = pass.slice.stream();
    let mut metrics = JudgeMetrics::default();
    let mut all = Vec::new();
    for opponent in measured.opponents {
        let others = context.store.responses(&Slice::Validation {
            set: set.clone(),
            model: *opponent,
        })?;
        let compared = compare(context.judging, pass, judge, groups, &others)?;
        // The first opponent is the base model, which every model meets.
        metrics.comparisons = metrics.comparisons.or(compared.metrics.comparisons.clone());
        all.push(HeadToHead {
            opponent: *opponent,
            rows: compared.rows(),
        });
    }
    Ok(Measurement {
        set,
        model: measured.policy.version,
        sampled: SampleMetrics::of(groups.iter(), pass.num_samples),
        judge: metrics,
        outcomes: Outcomes::Comparisons(all),
    })
}
