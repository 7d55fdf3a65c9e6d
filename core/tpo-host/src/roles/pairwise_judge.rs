//! The role `pairwise-judge`.

use tpo_types::{Comparison, Failure, PairwiseJudge, PluginRole, Preference, Strength, Verdict};

use super::macros::{interface, role_bindings, stage_plugin};
use crate::contract::convert;
use crate::dispatch::role::RoleContract;
use bindings::exports::tpo::plugin::pairwise_judge::{
    self, Comparison as GuestComparison, Preference as GuestPreference, Strength as GuestStrength,
    Verdict as GuestVerdict,
};

role_bindings!("package tpo:host; world role { export tpo:plugin/pairwise-judge@0.1.0; }");

/// Comparisons in, one verdict each out.
pub(crate) struct Comparing;

impl RoleContract for Comparing {
    const ROLE: PluginRole = PluginRole::PairwiseJudge;
    const ITEMS: &'static str = "comparisons";
    const SAMPLES: &'static str = include_str!("pairwise_judge.json");
    type Item = GuestComparison;
    type Outcome = GuestVerdict;
    interface!(pairwise_judge, call_compare);

    fn bytes(comparison: &GuestComparison) -> usize {
        let responses = comparison.first.len() + comparison.second.len();
        convert::instruction_bytes(&comparison.instruction) + responses
    }

    fn name(comparison: &GuestComparison, number: usize) -> String {
        let id = &comparison.instruction.id;
        format!("comparison {number} (instruction `{id}`)")
    }

    fn check(_comparison: &GuestComparison, verdict: &GuestVerdict) -> Result<(), String> {
        match (
            &verdict.preference,
            verdict.strength,
            verdict.first_probability,
        ) {
            (GuestPreference::Tie, Some(_), _) => Err("a tie with a strength".into()),
            (GuestPreference::Unscored(_), Some(_), _) => {
                Err("a strength without a verdict".into())
            }
            (.., Some(probability)) if !(0.0..=1.0).contains(&probability) => Err(format!(
                "a probability that is not from 0 to 1 ({probability})"
            )),
            _ => Ok(()),
        }
    }

    fn without_answer(_comparison: &GuestComparison, reason: &str) -> GuestVerdict {
        GuestVerdict {
            preference: GuestPreference::Unscored(reason.into()),
            strength: None,
            first_probability: None,
            rationale: None,
            extra: Vec::new(),
        }
    }
}

stage_plugin! {
    /// A plugin that compares two responses.
    PairwiseJudgePlugin: Comparing, loaded by pairwise_judge
}

impl PairwiseJudge for PairwiseJudgePlugin {
    fn compare(&self, comparisons: &[Comparison<'_>]) -> Result<Vec<Verdict>, Failure> {
        let outcomes = self
            .0
            .ask(&comparisons.iter().map(guest_comparison).collect::<Vec<_>>())?;
        Ok(outcomes.into_iter().map(verdict).collect())
    }
}

fn guest_comparison(comparison: &Comparison<'_>) -> GuestComparison {
    GuestComparison {
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
        strength: verdict.strength.map(strength),
        first_probability: verdict.first_probability,
        rationale: convert::rationale(verdict.rationale),
    }
}

fn strength(strength: GuestStrength) -> Strength {
    match strength {
        GuestStrength::Slight => Strength::Slight,
        GuestStrength::Strong => Strength::Strong,
    }
}
