//! The responses of two runs under one judge.

use tpo_judge::{GuardedScoring, JudgeMetrics, ScoreScale};
use tpo_types::{Failure, ResponseGroup, ScoreRange};

use super::run::ComparedRun;
use super::shared::SharedSet;
use crate::groups::replaced;
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
            own: responses(&own, &instruction.id, num_samples),
            other: responses(&others, &instruction.id, num_samples),
        })
        .collect();
    let (rows, metrics) = match scoring.scoring.scale() {
        ScoreScale::WithinGroup => compared(scoring, &rows, on_judged)?,
        ScoreScale::Absolute(range) => scored(scoring, range, &rows, on_judged)?,
    };
    Ok(JudgedPair {
        rows,
        num_samples,
        leaves_out_samples: samples[0] != samples[1],
        metrics,
    })
}

fn responses<'a>(answers: &'a AnswersById, id: &str, num_samples: usize) -> Vec<Option<&'a str>> {
    let found = answers.get(id).into_iter();
    let responses = found.flat_map(|one| &one.responses);
    replaced(responses.map(Option::as_deref), num_samples)
}

/// By wins, for a judge that says which of two responses is better.
fn compared(
    scoring: &GuardedScoring<'_>,
    rows: &[BothResponses<'_>],
    on_judged: &dyn Fn(usize),
) -> Result<(PairedRows, JudgeMetrics), Failure> {
    let meetings = Meetings::of(rows);
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
    on_judged: &dyn Fn(usize),
) -> Result<(PairedRows, JudgeMetrics), Failure> {
    let sides = rows.iter().flat_map(|row| [&row.own, &row.other]);
    let instructions = rows.iter().flat_map(|row| [row.instruction; 2]);
    let groups: Vec<ResponseGroup<'_>> = instructions
        .zip(sides)
        .map(|(instruction, responses)| ResponseGroup {
            instruction,
            responses: responses.iter().copied().flatten().collect(),
        })
        .filter(|group| !group.responses.is_empty())
        .collect();
    let output = scoring.score(&groups, on_judged)?;
    let metrics = output.metrics();
    let mut judgments = output.judgments.into_iter().flatten();
    let mut outcomes = |row: &BothResponses<'_>, responses: &[Option<&str>]| ScoredInstruction {
        id: row.instruction.id.clone(),
        samples: responses
            .iter()
            .map(|response| {
                let judgment = response.and_then(|_| judgments.next());
                judgment.map_or(SampleOutcome::Malformed, |one| SampleOutcome::of(&one))
            })
            .collect(),
    };
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for row in rows {
        own.push(outcomes(row, &row.own));
        others.push(outcomes(row, &row.other));
    }
    let floor = floor_of(&others, &[&own]);
    Ok((compare_scores(&own, &others, floor, range), metrics))
}
