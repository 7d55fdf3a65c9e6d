//! The responses of two runs under one judge.

use tpo_judge::{GuardedScoring, JudgeMetrics, ScoreScale};
use tpo_types::{Failure, Instruction, Judgment, ResponseGroup, ScoreRange};

use super::run::ComparedRun;
use super::shared::SharedSet;
use crate::meetings::{BothResponses, Meetings, wins};
use crate::metrics::{
    PairedRow, PairedRows, SampleOutcome, ScoredInstruction, compare_scores, floor_of,
};
use crate::store::AnswersById;

/// How the responses of one run's model compare with those of another's, under one judge.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedPair {
    /// Positive where the first run's response is better.
    pub rows: PairedRows,
    /// Samples per instruction that were compared: as many as both runs have.
    pub num_samples: usize,
    /// Whether one of the runs has more samples.
    pub leaves_out_samples: bool,
    /// How consistent the judge is.
    pub metrics: JudgeMetrics,
}

/// Compares the responses of the two runs' models to the instructions that they share; a judge that
/// compares sees both orders. A malformed completion loses against any response without being
/// shown. `on_judged` is called with the number of responses of every batch.
pub fn judge_pair(
    scoring: &GuardedScoring<'_>,
    first: &ComparedRun,
    other: &ComparedRun,
    shared: &SharedSet,
    on_judged: &dyn Fn(usize),
) -> Result<JudgedPair, Failure> {
    let own = first.answers(&shared.name, first.model)?;
    let others = other.answers(&shared.other_name, other.model)?;
    let samples = [
        first.num_samples(&shared.name),
        other.num_samples(&shared.other_name),
    ];
    let num_samples = samples[0].min(samples[1]);
    let set = first.sets.iter().find(|set| set.name == shared.name);
    let rows: Vec<BothResponses<'_>> = set
        .iter()
        .flat_map(|set| &set.instructions)
        .filter(|one| shared.ids.contains(&one.id))
        .map(|instruction| BothResponses {
            instruction,
            own: responses(&own, instruction, num_samples),
            other: responses(&others, instruction, num_samples),
        })
        .collect();
    let (rows, metrics) = match scoring.scoring.scale() {
        ScoreScale::WithinGroup => compared(scoring, &rows, num_samples, on_judged)?,
        ScoreScale::Absolute(range) => scored(scoring, range, &rows, num_samples, on_judged)?,
    };
    Ok(JudgedPair {
        rows,
        num_samples,
        leaves_out_samples: samples[0] != samples[1],
        metrics,
    })
}

fn responses<'a>(
    answers: &'a AnswersById,
    instruction: &Instruction,
    num_samples: usize,
) -> Vec<&'a str> {
    let found = answers.get(&instruction.id);
    let responses = found.into_iter().flat_map(|one| &one.responses);
    responses.take(num_samples).map(String::as_str).collect()
}

/// By wins, for a judge that says which of two responses is better.
fn compared(
    scoring: &GuardedScoring<'_>,
    rows: &[BothResponses<'_>],
    num_samples: usize,
    on_judged: &dyn Fn(usize),
) -> Result<(PairedRows, JudgeMetrics), Failure> {
    let meetings = Meetings::of(rows, num_samples);
    let output = scoring.score(meetings.shown(), on_judged)?;
    let wins = wins(&meetings.judged(&output)).into_iter();
    let rows = wins.filter_map(|row| {
        Some(PairedRow {
            difference: row.win? - 0.5,
            id: row.id,
        })
    });
    Ok((PairedRows::of_wins(rows.collect()), output.metrics()))
}

/// By scores that can be compared across responses, in a range if the judge says so.
fn scored(
    scoring: &GuardedScoring<'_>,
    range: Option<ScoreRange>,
    rows: &[BothResponses<'_>],
    num_samples: usize,
    on_judged: &dyn Fn(usize),
) -> Result<(PairedRows, JudgeMetrics), Failure> {
    let sides = rows.iter().flat_map(|row| [&row.own, &row.other]);
    let instructions = rows.iter().flat_map(|row| [row.instruction; 2]);
    let groups: Vec<ResponseGroup<'_>> = instructions
        .zip(sides)
        .filter(|(_, responses)| !responses.is_empty())
        .map(|(instruction, responses)| ResponseGroup {
            instruction,
            responses: responses.clone(),
        })
        .collect();
    let output = scoring.score(&groups, on_judged)?;
    let metrics = output.metrics();
    let mut judgments = output.judgments.into_iter();
    let mut outcomes = |row: &BothResponses<'_>, responses: &[&str]| {
        let judged = if responses.is_empty() {
            None
        } else {
            judgments.next()
        };
        ScoredInstruction {
            id: row.instruction.id.clone(),
            samples: samples(judged.as_deref().unwrap_or_default(), num_samples),
        }
    };
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for row in rows {
        own.push(outcomes(row, &row.own));
        others.push(outcomes(row, &row.other));
    }
    let floor = floor_of(&others, &[&own]);
    Ok((compare_scores(&own, &others, floor, range), metrics))
}

/// The outcomes of the completions that were asked for; those without a response are malformed.
fn samples(judgments: &[Judgment], num_samples: usize) -> Vec<SampleOutcome> {
    let judged = judgments.iter().map(|judgment| match judgment {
        Judgment::Scored(scored) => SampleOutcome::Scored(scored.score.get()),
        Judgment::Unscored(_) => SampleOutcome::Unscored,
    });
    let missing = std::iter::repeat(SampleOutcome::Malformed);
    judged.chain(missing).take(num_samples).collect()
}
