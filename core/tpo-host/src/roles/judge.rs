//! The role `judge`.

use std::collections::{BTreeMap, HashSet};

use tpo_types::{Failure, Judge, Judgment, PluginRole, ResponseGroup, Score, ScoreRange, Scored};

use super::macros::{interface, role_bindings, stage_plugin};
use crate::contract::convert;
use crate::dispatch::role::RoleContract;
use bindings::exports::tpo::plugin::judge::{self, Group, Judgment as GuestJudgment};

role_bindings!("package tpo:host; world role { export tpo:plugin/judge@0.1.0; }");

/// Groups of responses in, a judgment per response out.
pub(crate) struct Judging;

impl RoleContract for Judging {
    const ROLE: PluginRole = PluginRole::Judge;
    const ITEMS: &'static str = "groups";
    const SAMPLES: &'static str = include_str!("judge.json");
    type Item = Group;
    type Outcome = Vec<GuestJudgment>;
    interface!(judge, call_score);

    fn bytes(group: &Group) -> usize {
        convert::instruction_bytes(&group.instruction)
            + group.responses.iter().map(String::len).sum::<usize>()
    }

    fn name(group: &Group, _number: usize) -> String {
        format!("the responses to instruction `{}`", group.instruction.id)
    }

    fn check(group: &Group, judgments: &Self::Outcome) -> Result<(), String> {
        let (has, wants) = (judgments.len(), group.responses.len());
        if has != wants {
            return Err(format!("{has} instead of {wants} judgments"));
        }
        judgments
            .iter()
            .zip(1..)
            .try_for_each(|(judgment, number)| {
                check_judgment(judgment).map_err(|what| format!("{what} as number {number}"))
            })
    }

    fn check_range(judgments: &Self::Outcome, range: ScoreRange) -> Result<(), String> {
        let outside = judgments.iter().find_map(|judgment| match judgment {
            GuestJudgment::Score(scored) if !range.contains(scored.value) => Some(scored.value),
            GuestJudgment::Score(_) | GuestJudgment::Unscored(_) => None,
        });
        outside.map_or(Ok(()), |value| {
            Err(format!(
                "a score of {value}, which is not in its own `score-range` from {range},"
            ))
        })
    }

    fn without_answer(group: &Group, reason: &str) -> Self::Outcome {
        vec![GuestJudgment::Unscored(reason.into()); group.responses.len()]
    }
}

fn check_judgment(judgment: &GuestJudgment) -> Result<(), String> {
    let GuestJudgment::Score(scored) = judgment else {
        return Ok(());
    };
    if !scored.value.is_finite() {
        return Err(format!("a score that is not finite ({})", scored.value));
    }
    let mut names = HashSet::new();
    for (name, value) in &scored.aspects {
        let name = convert::reason(name);
        if !value.is_finite() {
            return Err(format!("an aspect `{name}` that is not finite ({value})"));
        }
        if !names.insert(name.clone()) {
            return Err(format!("two aspects `{name}`"));
        }
    }
    Ok(())
}

stage_plugin! {
    /// A plugin that scores responses.
    JudgePlugin: Judging, loaded by judge
}

impl Judge for JudgePlugin {
    fn score_range(&self) -> Option<ScoreRange> {
        self.0.score_range
    }

    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure> {
        let outcomes = self
            .0
            .ask(&groups.iter().map(guest_group).collect::<Vec<_>>())?;
        Ok(outcomes
            .into_iter()
            .map(|judgments| judgments.into_iter().map(judgment).collect())
            .collect())
    }
}

fn guest_group(group: &ResponseGroup<'_>) -> Group {
    Group {
        instruction: convert::instruction(group.instruction),
        responses: group.responses.iter().copied().map(String::from).collect(),
    }
}

/// The judgment of a checked outcome.
fn judgment(judgment: GuestJudgment) -> Judgment {
    let scored = match judgment {
        GuestJudgment::Score(scored) => scored,
        GuestJudgment::Unscored(reason) => return Judgment::Unscored(convert::reason(&reason)),
    };
    let finite = |value: f64| Score::new(value).expect("the outcome was checked");
    let aspects: BTreeMap<String, Score> = scored
        .aspects
        .iter()
        .map(|(name, value)| (convert::reason(name), finite(*value)))
        .collect();
    Judgment::Scored(Scored {
        score: finite(scored.value),
        rationale: convert::rationale(scored.rationale),
        aspects,
    })
}
