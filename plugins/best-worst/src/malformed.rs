//! Which groups reject a malformed completion.
//!
//! Such pairs teach the format, but too many of them teach nothing else, so their share of all pairs is bounded. Groups
//! that have no other pair come first, for there it costs nothing; then groups whose scored pair is given up for it.
//! Within both kinds a hash of the instruction's id decides, so that the order of the groups does not.

use tpo_plugin::CandidateGroup;

use crate::plan::Plan;

/// Lets as many groups use their malformed pair as the share allows.
pub(crate) fn grant(groups: &[CandidateGroup], plans: &mut [Plan], share: f64) {
    let mut pairs = plans.iter().filter(|plan| plan.scored.is_ok()).count();
    let mut eligible: Vec<_> =
        plans.iter().enumerate().filter(|(_, plan)| plan.malformed.is_some()).map(|(i, _)| i).collect();
    eligible.sort_by_cached_key(|&i| (plans[i].scored.is_ok(), hash(&groups[i].instruction_id)));
    for (granted, i) in eligible.into_iter().enumerate() {
        pairs += usize::from(plans[i].scored.is_err());
        if (granted + 1) as f64 > share * pairs as f64 {
            break;
        }
        plans[i].granted = true;
    }
}

/// FNV-1a: the same on every machine and in every version, unlike the standard library's hashers.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
