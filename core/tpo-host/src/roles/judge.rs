//! The role `judge`.

use std::collections::{BTreeMap, HashSet};

use tpo_types::{
    Failure, Judge, Judgment, PluginIdentity, PluginRole, ResponseGroup, Score, Scored,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Reply, Role, call_through, convert};
use crate::bindings::exports::tpo::plugin::judge::{self, Group, Judgment as GuestJudgment};
use crate::plugin::Plugin;
use crate::state::State;

/// Groups of responses in, a judgment per response out.
pub(crate) struct Judging;

impl Role for Judging {
    const ROLE: PluginRole = PluginRole::Judge;
    const ITEMS: &'static str = "groups";
    type Item = Group;
    type Outcome = Vec<GuestJudgment>;
    call_through!(judge, call_score);

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

/// A plugin that scores responses.
pub struct JudgePlugin(pub(crate) Plugin<Judging>);

impl JudgePlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl Judge for JudgePlugin {
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

/// The judgment that a guest's word stands for, once that was checked.
fn judgment(judgment: GuestJudgment) -> Judgment {
    let scored = match judgment {
        GuestJudgment::Score(scored) => scored,
        GuestJudgment::Unscored(reason) => return Judgment::Unscored(convert::reason(&reason)),
    };
    let finite = |value: f64| Score::new(value).expect("the answer was checked");
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
