//! A model to its outcomes on a validation set.

use tpo_judge::{JudgeMetrics, ScoreScale};
use tpo_types::Failure;

use super::answer::answer;
use super::compare::compare;
use crate::context::{Context, RunContext};
use crate::groups::CandidateGroup;
use crate::meetings::wins;
use crate::metrics::{HeadToHead, Measurement, Outcomes, SampleMetrics, ScoredInstruction};
use crate::model_version::ModelVersion;
use crate::pipeline::RunJudge;
use crate::plan::ValidationSet;
use crate::policy::Policy;
use crate::progress::Event;
use crate::slice::{Pass, Slice};

/// Measures a model on a set, unless that is recorded already.
pub(crate) fn validate(
    context: &RunContext<'_>,
    set: &ValidationSet,
    policy: &Policy,
) -> Result<Measurement, Failure> {
    let stages = &context.stages;
    if let Some(recorded) = stages.store.measurement(set.name(), policy)? {
        return Ok(recorded);
    }
    let pass = set.pass(policy.version);
    let mut sampler = (context.pipeline.open_sampler)(&policy.checkpoint)?;
    let answered = answer(stages, &pass, &policy.identity, &mut *sampler)?;
    drop(sampler);
    let judge = context.pipeline.validation_judge(set.name());
    let measurement = match judge.scoring.scale() {
        ScoreScale::Absolute(_) => scored(stages, &pass, judge, policy, answered)?,
        ScoreScale::WithinGroup => compared(stages, &pass, judge, policy, &answered)?,
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
        score_range: judge.score_range(),
        outcomes: Outcomes::Scores(rows.map(|group| ScoredInstruction::of(group, k)).collect()),
    })
}

/// The outcomes of a judge that says which of two responses is better: wins against the base model,
/// which itself meets nobody, and against the model that the iteration started from. Models that
/// always beat the base model are told apart by the second.
fn compared(
    context: &Context<'_>,
    pass: &Pass<'_>,
    judge: &RunJudge,
    policy: &Policy,
    groups: &[CandidateGroup<'_>],
) -> Result<Measurement, Failure> {
    let set = pass.slice.stream();
    let mut measurement = Measurement {
        set: set.clone(),
        model: policy.version,
        sampled: SampleMetrics::of(groups.iter(), pass.num_samples),
        judge: JudgeMetrics::default(),
        score_range: None,
        outcomes: Outcomes::Comparisons(Vec::new()),
    };
    if policy.version.is_base() {
        return Ok(measurement);
    }
    let before = policy.version.iteration - 1;
    let incumbent = context.store.checkpoint(before)?.map(|kept| kept.version);
    let mut met = Vec::new();
    for opponent in [Some(ModelVersion::BASE), incumbent].into_iter().flatten() {
        let theirs = Slice::Validation {
            set: set.clone(),
            model: opponent,
        };
        let others = context.store.responses(&theirs)?;
        let compared = compare(context.judging, pass, judge, groups, &others)?;
        if opponent.is_base() {
            measurement.judge = compared.metrics;
        }
        met.push(HeadToHead {
            opponent,
            rows: wins(&compared.samples),
        });
    }
    measurement.outcomes = Outcomes::Comparisons(met);
    Ok(measurement)
}
