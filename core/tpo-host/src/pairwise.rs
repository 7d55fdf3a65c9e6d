//! The role `pairwise-judge`.

use tpo_types::{Failure, Instruction, PairwiseJudge, PluginIdentity, Preference, Verdict};

use crate::bindings::exports::tpo::plugin::pairwise_judge::{
    Duel, GuestIndices, Preference as GuestPreference, Verdict as GuestVerdict,
};
use crate::convert;
use crate::plugin::Plugin;

/// A component that compares two responses.
pub struct PairwiseJudgePlugin(pub(crate) Plugin<GuestIndices>);

impl PairwiseJudgePlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl PairwiseJudge for PairwiseJudgePlugin {
    fn compare(&self, duels: &[(&Instruction, &str, &str)]) -> Result<Vec<Verdict>, Failure> {
        self.0.in_batches(duels, bytes, |call, batch| {
            let input: Vec<Duel> = batch.iter().map(guest_duel).collect();
            let verdicts = call.ask(|guest, store| guest.call_compare(store, &input))?;
            call.check_count(verdicts.len(), batch.len(), "duels")?;
            Ok(verdicts.into_iter().map(verdict).collect())
        })
    }
}

fn bytes((instruction, first, second): &(&Instruction, &str, &str)) -> usize {
    convert::instruction_bytes(instruction) + first.len() + second.len()
}

fn guest_duel(&(instruction, first, second): &(&Instruction, &str, &str)) -> Duel {
    Duel { instruction: convert::instruction(instruction), first: first.into(), second: second.into() }
}

fn verdict(verdict: GuestVerdict) -> Verdict {
    let preference = match verdict.preference {
        GuestPreference::First => Preference::First,
        GuestPreference::Second => Preference::Second,
        GuestPreference::Tie => Preference::Tie,
        GuestPreference::Unscored(reason) => Preference::Unscored(convert::reason(&reason)),
    };
    Verdict { preference, rationale: convert::rationale(verdict.rationale) }
}
