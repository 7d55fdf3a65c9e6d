//! What a judge makes of the responses of a set's subjects: an outcome per instruction.

use tpo_judge::ScoreScale;
use tpo_types::{Failure, ResponseGroup};

use super::Evaluation;
use super::answers::Answered;
use crate::context::Judging;
use crate::groups::CandidateGroup;
use crate::meetings::wins;
use crate::metrics::{
    HeadToHead, JudgedResponse, JudgedSubject, Measurement, Outcomes, SampleMetrics,
    ScoredInstruction,
};
use crate::pipeline::RunJudge;
use crate::progress::Stage;
use crate::reuse::{self, KeyHasher};
use crate::stages::compare;
use crate::store::ResponsesById;

/// Judges the responses of every subject to a set. A judge that compares compares those of the
/// first subject with those of the others.
pub(super) fn judged(
    evaluation: &Evaluation<'_>,
    judge: &str,
    answered: &mut [Answered<'_>],
) -> Result<Vec<JudgedSubject>, Failure> {
    let opened = &evaluation.opened.judges[judge];
    match opened.scoring.scale() {
        ScoreScale::Absolute(_) => answered
            .iter_mut()
            .map(|answered| scored(evaluation, judge, opened, answered))
            .collect(),
        ScoreScale::WithinGroup => {
            let Some((first, others)) = answered.split_first() else {
                return Ok(Vec::new());
            };
            let opponent = Opponent {
                name: &first.subject.name,
                slice: first.pass.slice.to_string(),
                responses: responses_of(&first.groups),
            };
            let mut all = vec![not_compared(first)];
            for answered in others {
                all.push(compared(evaluation, judge, opened, answered, &opponent)?);
            }
            Ok(all)
        }
    }
}

/// The subject that the others are compared with.
struct Opponent<'a> {
    name: &'a str,
    /// What outcomes are stored under: a subject may get another name.
    slice: String,
    responses: ResponsesById,
}

fn scored(
    evaluation: &Evaluation<'_>,
    name: &str,
    judge: &RunJudge,
    answered: &mut Answered<'_>,
) -> Result<JudgedSubject, Failure> {
    let judging = evaluation.judging();
    let pass = &answered.pass;
    let groups = &mut answered.groups;
    let responses: Vec<ResponseGroup<'_>> = groups.iter().map(CandidateGroup::responses).collect();
    let cache_key = key(judging, judge, groups, None, pass.num_samples);
    if let Some(stored) = evaluation
        .store
        .outcome(&pass.slice, name, "", &cache_key)?
    {
        return Ok(renamed(stored, answered, None));
    }
    let items = responses.iter().map(|group| group.responses.len()).sum();
    judging.stage_started(Stage::Judge, &pass.slice, items, 0);
    let output = judging.models.guarded(judge).score(&responses, &|judged| {
        (0..judged).for_each(|_| judging.item_done(0));
    })?;
    judging.stage_ended();
    let metrics = output.metrics();
    let mut judgments = Vec::new();
    for (group, of_group) in groups.iter_mut().zip(output.judgments) {
        for (index, judgment) in group.parsed().into_iter().zip(of_group) {
            judgments.push(JudgedResponse {
                id: group.id().to_owned(),
                index,
                judgment: judgment.clone(),
            });
            group.candidates[index].judgment = Some(judgment);
        }
    }
    let rows = groups.iter();
    let judged = JudgedSubject {
        measurement: Measurement {
            set: pass.slice.stream(),
            model: answered.subject.name.clone(),
            sampled: SampleMetrics::of(groups.iter(), pass.num_samples),
            judge: metrics,
            score_range: judge.score_range(),
            outcomes: Outcomes::Scores(
                rows.map(|group| ScoredInstruction::of(group, pass.num_samples))
                    .collect(),
            ),
        },
        judgments,
        comparisons: Vec::new(),
    };
    // The next judge of the set must not see these.
    for candidate in groups.iter_mut().flat_map(|group| &mut group.candidates) {
        candidate.judgment = None;
    }
    if judged.is_complete() {
        evaluation
            .store
            .put_outcome(&pass.slice, name, "", &cache_key, &judged)?;
    }
    Ok(judged)
}

fn compared(
    evaluation: &Evaluation<'_>,
    name: &str,
    judge: &RunJudge,
    answered: &Answered<'_>,
    opponent: &Opponent<'_>,
) -> Result<JudgedSubject, Failure> {
    let judging = evaluation.judging();
    let (pass, groups) = (&answered.pass, &answered.groups);
    let cache_key = key(judging, judge, groups, Some(opponent), pass.num_samples);
    let stored = evaluation
        .store
        .outcome(&pass.slice, name, &opponent.slice, &cache_key)?;
    if let Some(stored) = stored {
        return Ok(renamed(stored, answered, Some(opponent)));
    }
    let compared = compare(judging, pass, judge, groups, &opponent.responses)?;
    let mut judged = not_compared(answered);
    judged.measurement.outcomes = Outcomes::Comparisons(vec![HeadToHead {
        opponent: opponent.name.to_owned(),
        rows: wins(&compared.samples),
    }]);
    judged.measurement.judge = compared.metrics;
    judged.comparisons = compared.samples;
    if judged.is_complete() {
        evaluation
            .store
            .put_outcome(&pass.slice, name, &opponent.slice, &cache_key, &judged)?;
    }
    Ok(judged)
}

/// A stored outcome under the names that its subjects have now.
fn renamed(
    mut stored: JudgedSubject,
    answered: &Answered<'_>,
    opponent: Option<&Opponent<'_>>,
) -> JudgedSubject {
    stored.measurement.model.clone_from(&answered.subject.name);
    if let (Outcomes::Comparisons(all), Some(opponent)) =
        (&mut stored.measurement.outcomes, opponent)
    {
        for head_to_head in all {
            opponent.name.clone_into(&mut head_to_head.opponent);
        }
    }
    stored
}

/// A subject that meets no opponent: the one that the others are compared with.
fn not_compared(answered: &Answered<'_>) -> JudgedSubject {
    JudgedSubject {
        measurement: Measurement {
            set: answered.pass.slice.stream(),
            model: answered.subject.name.clone(),
            sampled: SampleMetrics::of(answered.groups.iter(), answered.pass.num_samples),
            judge: tpo_judge::JudgeMetrics::default(),
            score_range: None,
            outcomes: Outcomes::Comparisons(Vec::new()),
        },
        judgments: Vec::new(),
        comparisons: Vec::new(),
    }
}

/// Increases when the same judgments are made into other outcomes.
const OUTCOMES_REVISION: u32 = 1;

/// What an outcome depends on.
fn key(
    judging: Judging<'_>,
    judge: &RunJudge,
    groups: &[CandidateGroup<'_>],
    opponent: Option<&Opponent<'_>>,
    num_samples: usize,
) -> String {
    let responses: Vec<ResponseGroup<'_>> = groups.iter().map(CandidateGroup::responses).collect();
    let mut key = KeyHasher::default();
    key.add(&OUTCOMES_REVISION);
    key.add(&reuse::judgments_key(judging.models, judge, &responses));
    key.add(&num_samples);
    for candidate in groups.iter().flat_map(|group| &group.candidates) {
        key.add(&candidate.outcome);
        key.add(&candidate.completion.token_ids.len());
        key.add(&[candidate.thought_tokens, candidate.response_tokens]);
    }
    if let Some(opponent) = opponent {
        let none = Vec::new();
        for group in &responses {
            let id = &group.instruction.id;
            key.add(opponent.responses.get(id).unwrap_or(&none));
        }
    }
    key.hex()
}

/// The responses of a subject by the instruction's id.
fn responses_of(groups: &[CandidateGroup<'_>]) -> ResponsesById {
    let responses = groups.iter().map(|group| {
        let responses = group.response_of_each();
        let responses = responses.map(|one| one.map(str::to_owned)).collect();
        (group.id().to_owned(), responses)
    });
    responses.collect()
}
