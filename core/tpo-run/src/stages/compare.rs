//! Two models' responses to the same instructions to wins, for judges that only compare.

use tpo_judge::ComparisonMetrics;
use tpo_types::{Candidate, Failure, ResponseGroup};

use crate::context::Context;
use crate::groups::CandidateGroup;
use crate::metrics::{HeadToHead, InstructionWin, mean};
use crate::model_version::ModelVersion;
use crate::pipeline::RunJudge;
use crate::progress::Stage;
use crate::slice::Slice;

/// The wins of a model against another one, and how consistent the judge was.
pub(super) struct Compared {
    pub head_to_head: HeadToHead,
    pub metrics: Option<ComparisonMetrics>,
}

/// A response of each model to an instruction.
struct Meeting<'a> {
    /// The index of the instruction.
    row: usize,
    own: &'a str,
    other: &'a str,
}

/// Compares the responses of `groups`, which `slice` was sampled with, with those of `opponent` on
/// the same set, in both orders. A malformed completion loses against any response without being
/// shown to the judge.
pub(super) fn compare(
    context: &Context<'_>,
    judge: &RunJudge,
    slice: &Slice,
    groups: &[CandidateGroup<'_>],
    opponent: ModelVersion,
    num_samples: usize,
) -> Result<Compared, Failure> {
    let Slice::Validation { set, .. } = slice else {
        unreachable!("only models on a validation set are compared")
    };
    let others = context.store.responses(&Slice::Validation {
        set: set.clone(),
        model: opponent,
    })?;
    let none = Vec::new();
    let mut wins: Vec<Vec<Option<f64>>> = vec![Vec::new(); groups.len()];
    let mut meetings = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        let others = others.get(group.id()).unwrap_or(&none);
        let mut own = responses(group);
        let mut others = others.iter().map(String::as_str);
        for _ in 0..num_samples {
            match (own.next(), others.next()) {
                (Some(own), Some(other)) => meetings.push(Meeting { row, own, other }),
                (Some(_), None) => wins[row].push(Some(1.0)),
                (None, Some(_)) => wins[row].push(Some(0.0)),
                (None, None) => wins[row].push(Some(0.5)),
            }
        }
    }
    let shown: Vec<ResponseGroup<'_>> = meetings
        .iter()
        .map(|meeting| ResponseGroup {
            instruction: groups[meeting.row].rendered.instruction,
            responses: vec![meeting.own, meeting.other],
        })
        .collect();
    context.stage_started(Stage::Compare, slice, shown.len(), 0);
    let output = context.pipeline.guarded(judge).score(&shown, &|judged| {
        // A batch counts responses, and a comparison has two.
        (0..judged / 2).for_each(|_| context.item_done(0));
    })?;
    context.stage_ended();
    for (meeting, win) in meetings.iter().zip(output.wins_of_first()) {
        wins[meeting.row].push(win);
    }
    let rows = groups.iter().zip(wins).map(|(group, wins)| InstructionWin {
        id: group.id().to_owned(),
        win: mean(wins.into_iter().flatten()),
    });
    Ok(Compared {
        head_to_head: HeadToHead {
            opponent,
            rows: rows.collect(),
        },
        metrics: output.metrics().comparisons,
    })
}

/// The responses of the candidates that parsed, in the order in which they were sampled.
fn responses<'a>(group: &'a CandidateGroup<'_>) -> impl Iterator<Item = &'a str> {
    let parts = group.candidates.iter().filter_map(Candidate::parts);
    parts.map(|parts| parts.response.as_str())
}
