//! Two models' responses to the same instructions to wins.

use tpo_judge::{ComparisonOutcome, JudgeMetrics};
use tpo_types::{Candidate, Failure, ResponseGroup};

use crate::context::Judging;
use crate::groups::CandidateGroup;
use crate::metrics::{BothVerdicts, ComparedSample, InstructionWin, mean};
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

/// A response of each model to an instruction.
struct Meeting<'a> {
    /// The position among the compared samples.
    position: usize,
    group: ResponseGroup<'a>,
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
    let none = Vec::new();
    let mut samples = Vec::new();
    let mut meetings = Vec::new();
    for group in groups {
        let others = others.get(group.id()).unwrap_or(&none);
        let mut own = responses(group);
        let mut others = others.iter().map(String::as_str);
        for index in 0..pass.num_samples {
            let win = match (own.next(), others.next()) {
                (Some(own), Some(other)) => {
                    meetings.push(Meeting {
                        position: samples.len(),
                        group: ResponseGroup {
                            instruction: group.rendered.instruction,
                            responses: vec![own, other],
                        },
                    });
                    None
                }
                (Some(_), None) => Some(1.0),
                (None, Some(_)) => Some(0.0),
                (None, None) => Some(0.5),
            };
            samples.push(ComparedSample {
                id: group.id().to_owned(),
                index,
                win,
                verdicts: None,
            });
        }
    }
    let positions: Vec<usize> = meetings.iter().map(|meeting| meeting.position).collect();
    let shown: Vec<ResponseGroup<'_>> = meetings.into_iter().map(|one| one.group).collect();
    judging.stage_started(Stage::Compare, &pass.slice, shown.len(), 0);
    let output = judging.models.guarded(judge).score(&shown, &|judged| {
        // A batch counts responses, and a comparison has two.
        (0..judged / 2).for_each(|_| judging.item_done(0));
    })?;
    judging.stage_ended();
    for (position, win) in positions.iter().zip(output.wins_of_first()) {
        samples[*position].win = win;
    }
    let mut verdicts: Vec<Vec<&ComparisonOutcome>> = vec![Vec::new(); positions.len()];
    for comparison in &output.comparisons {
        verdicts[comparison.group].push(comparison);
    }
    for (position, verdicts) in positions.iter().zip(verdicts) {
        samples[*position].verdicts = both_orders(&verdicts);
    }
    Ok(Compared {
        samples,
        metrics: output.metrics(),
    })
}

impl Compared {
    /// The wins of each instruction, in the order of the set.
    pub(crate) fn rows(&self) -> Vec<InstructionWin> {
        let of_one = self.samples.chunk_by(|one, next| one.id == next.id);
        of_one
            .map(|samples| InstructionWin {
                id: samples[0].id.clone(),
                win: mean(samples.iter().filter_map(|sample| sample.win)),
            })
            .collect()
    }
}

fn both_orders(verdicts: &[&ComparisonOutcome]) -> Option<BothVerdicts> {
    let [one, other] = verdicts else {
        return None;
    };
    let (own, other) = match (one.first, other.first) {
        (0, 1) => (one, other),
        (1, 0) => (other, one),
        _ => return None,
    };
    Some(BothVerdicts {
        own_first: own.verdict.clone(),
        other_first: other.verdict.clone(),
    })
}

/// The responses of the candidates that parsed, in the order in which they were sampled.
fn responses<'a>(group: &'a CandidateGroup<'_>) -> impl Iterator<Item = &'a str> {
    let parts = group.candidates.iter().filter_map(Candidate::parts);
    parts.map(|parts| parts.response.as_str())
}
