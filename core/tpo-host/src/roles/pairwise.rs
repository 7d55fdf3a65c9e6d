//! The role `pairwise-judge`.

use tpo_types::{
    Comparison, Failure, PairwiseJudge, PluginIdentity, PluginRole, Preference, Verdict,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Reply, Role, call_through, convert};
use crate::bindings::exports::tpo::plugin::pairwise_judge::{
    self, Duel, Preference as GuestPreference, Verdict as GuestVerdict,
};
use crate::plugin::Plugin;
use crate::state::State;

/// Duels in, a verdict each out.
pub(crate) struct Comparing;

impl Role for Comparing {
    const ROLE: PluginRole = PluginRole::PairwiseJudge;
    const ITEMS: &'static str = "duels";
    type Item = Duel;
    type Outcome = GuestVerdict;
    call_through!(pairwise_judge, call_compare);

    fn bytes(duel: &Duel) -> usize {
        convert::instruction_bytes(&duel.instruction) + duel.first.len() + duel.second.len()
    }

    fn name(duel: &Duel, number: usize) -> String {
        format!("duel {number} (instruction `{}`)", duel.instruction.id)
    }

    fn check(_duel: &Duel, _verdict: &GuestVerdict) -> Result<(), String> {
        Ok(())
    }

    fn without_answer(_duel: &Duel, reason: &str) -> GuestVerdict {
        GuestVerdict {
            preference: GuestPreference::Unscored(reason.into()),
            rationale: None,
            extra: Vec::new(),
        }
    }
}

/// A plugin that compares two responses.
pub struct PairwiseJudgePlugin(pub(crate) Plugin<Comparing>);

impl PairwiseJudgePlugin {
    /// Exactly which code it is.
    pub fn identity(&self) -> &PluginIdentity {
        self.0.identity()
    }
}

impl PairwiseJudge for PairwiseJudgePlugin {
    fn compare(&self, comparisons: &[Comparison<'_>]) -> Result<Vec<Verdict>, Failure> {
        let outcomes = self
            .0
            .ask(&comparisons.iter().map(guest_duel).collect::<Vec<_>>())?;
        Ok(outcomes.into_iter().map(verdict).collect())
    }
}

fn guest_duel(comparison: &Comparison<'_>) -> Duel {
    Duel {
        instruction: convert::instruction(comparison.instruction),
        first: comparison.first.into(),
        second: comparison.second.into(),
    }
}

fn verdict(verdict: GuestVerdict) -> Verdict {
    let preference = match verdict.preference {
        GuestPreference::First => Preference::First,
        GuestPreference::Second => Preference::Second,
        GuestPreference::Tie => Preference::Tie,
        GuestPreference::Unscored(reason) => Preference::Unscored(convert::reason(&reason)),
    };
    Verdict {
        preference,
        strength: None,
        first_probability: None,
        rationale: convert::rationale(verdict.rationale),
    }
}
