//! Which groups reject a malformed completion.
//!
//! Such pairs teach the format, but too many of them teach nothing else, so their share of all
//! pairs is bounded. Groups that have no other pair come first, for there it costs nothing; then
//! groups whose scored pair is given up for it. Within both kinds a hash of the instruction's id
//! decides, so that the order of the groups does not.

use crate::ScoredGroup;
use crate::hash::hash;
use crate::plan::Plan;

/// Refuses a share out of range, in a sentence that names the key.
pub fn check_share(malformed_share: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&malformed_share) {
        Ok(())
    } else {
        Err(format!(
            "`malformed_share` must be from 0 to 1, not {malformed_share}"
        ))
    }
}

/// Lets as many groups use their malformed pair as the share allows.
pub(crate) fn grant(groups: &[ScoredGroup<'_>], plans: &mut [Plan], share: f64) {
    let mut pairs = plans.iter().filter(|plan| plan.scored.is_ok()).count();
    let mut eligible: Vec<_> = plans
        .iter()
        .enumerate()
        .filter(|(_, plan)| plan.malformed.is_some())
        .map(|(i, _)| i)
        .collect();
    eligible.sort_by_cached_key(|&i| {
        (
            plans[i].scored.is_ok(),
            hash(&groups[i].group.instruction_id),
        )
    });
    for (granted, i) in eligible.into_iter().enumerate() {
        pairs += usize::from(plans[i].scored.is_err());
        if (granted + 1) as f64 > share * pairs as f64 {
            break;
        }
        plans[i].granted = true;
    }
}
