//! Two models' responses to the same instructions to wins.

use tpo_judge::JudgeMetrics;
use tpo_types::Failure;

use crate::context::Judging;
use crate::groups::{CandidateGroup, replaced};
use crate::meetings::{BothResponses, Meetings};
use crate::metrics::ComparedSample;
use crate::pipeline::RunJudge;
use crate::progress::Stage;
use crate::slice::Pass;
use crate::store::ResponsesById;

/// The comparisons of a model's responses with another's.
pub(crate) struct Compared {
    /// One per completion that was asked for, instruction after instruction.
    pub samples: Vec<ComparedSample>,
    /// How consistent the judge was.
    pub metrics: JudgeMetrics,
}

/// Compares the responses of `groups`, which `pass` was sampled to, with those of another model to
/// the same instructions, in both orders.
pub(crate) fn compare(
    judging: Judging<'_>,
    pass: &Pass<'_>,
    judge: &RunJudge,
    groups: &[CandidateGroup<'_>],
    others: &ResponsesById,
) -> Result<Compared, Failure> {
    let rows: Vec<BothResponses<'_>> = groups
        .iter()
        .map(|group| BothResponses {
            instruction: group.rendered.instruction,
            own: replaced(group.response_of_each(), pass.num_samples),
            other: {
                let all = others.get(group.id()).into_iter().flatten();
                replaced(all.map(Option::as_deref), pass.num_samples)
            },
        })
        .collect();
    let meetings = Meetings::of(&rows);
    let shown = meetings.shown();
    judging.stage_started(Stage::Compare, &pass.slice, shown.len(), 0);
    let output = judging.models.guarded(judge).score(shown, &|judged| {
        // A batch counts responses, and a comparison has two.
        (0..judged / 2).for_each(|_| judging.item_done(0));
    })?;
    judging.stage_ended();
    Ok(Compared {
        metrics: output.metrics(),
        samples: meetings.judged(&output),
    })
}
