//! The role `judge`.

use std::collections::BTreeMap;

use tpo_types::{Failure, Instruction, Judge, Judgment, PluginIdentity, Score, Scored};

use crate::bindings::exports::tpo::plugin::judge::{
    Group, GuestIndices, Judgment as GuestJudgment, Scored as GuestScored,
};
use crate::convert;
use crate::plugin::{Call, Plugin};

/// A component that scores responses.
pub struct JudgePlugin(pub(crate) Plugin<GuestIndices>);

impl JudgePlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl Judge for JudgePlugin {
    fn score(&self, groups: &[(&Instruction, Vec<&str>)]) -> Result<Vec<Vec<Judgment>>, Failure> {
        self.0.in_batches(groups, bytes, |call, batch| {
            let input: Vec<Group> = batch.iter().map(guest_group).collect();
            let outcomes = call.ask(|guest, store| guest.call_score(store, &input))?;
            call.check_count(outcomes.len(), batch.len(), "groups")?;
            let outcomes = batch.iter().zip(outcomes).map(|((instruction, responses), judgments)| {
                let noun = format!("responses to instruction `{}`", instruction.id);
                call.check_count(judgments.len(), responses.len(), &noun)?;
                let judgments = judgments.into_iter().enumerate();
                judgments.map(|(index, judged)| judgment(call, &instruction.id, index, judged)).collect()
            });
            outcomes.collect()
        })
    }
}

fn bytes((instruction, responses): &(&Instruction, Vec<&str>)) -> usize {
    convert::instruction_bytes(instruction) + responses.iter().map(|response| response.len()).sum::<usize>()
}

fn guest_group((instruction, responses): &(&Instruction, Vec<&str>)) -> Group {
    Group {
        instruction: convert::instruction(instruction),
        responses: responses.iter().copied().map(String::from).collect(),
    }
}

fn judgment(
    call: &Call<'_, GuestIndices>,
    id: &str,
    index: usize,
    judgment: GuestJudgment,
) -> Result<Judgment, Failure> {
    let GuestScored { value, rationale, aspects, extra: _ } = match judgment {
        GuestJudgment::Score(scored) => scored,
        GuestJudgment::Unscored(reason) => return Ok(Judgment::Unscored(convert::reason(&reason))),
    };
    let broken = |what: &str| call.broken(format!("gave response {} to instruction `{id}` {what}", index + 1));
    let finite = |noun: &str, value: f64| {
        Score::new(value).ok_or_else(|| broken(&format!("{noun} that is not finite ({value})")))
    };
    let score = finite("a score", value)?;
    let mut named = BTreeMap::new();
    for (name, value) in aspects {
        let name = convert::reason(&name);
        let aspect = finite(&format!("an aspect `{name}`"), value)?;
        if named.contains_key(&name) {
            return Err(broken(&format!("two aspects `{name}`")));
        }
        named.insert(name, aspect);
    }
    Ok(Judgment::Scored(Scored { score, rationale: convert::rationale(rationale), aspects: named }))
}
