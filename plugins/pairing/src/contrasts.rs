//! The pairs of different responses in a group.

use crate::{ScoredGroup, Sides};

impl ScoredGroup<'_> {
    /// All pairs of candidates with different responses, each pair once and regardless of which
    /// side is better, or why there are none.
    pub fn contrasts(&self) -> Result<Vec<Sides<'_>>, &'static str> {
        let candidates = self.comparable()?;
        let with_later = |(i, chosen)| {
            candidates[i + 1..]
                .iter()
                .map(move |rejected| Sides { chosen, rejected })
        };
        let contrasts: Vec<_> = candidates
            .iter()
            .enumerate()
            .flat_map(with_later)
            .filter(|sides| sides.differ())
            .collect();
        if contrasts.is_empty() {
            Err("all scored candidates are the same response")
        } else {
            Ok(contrasts)
        }
    }
}
