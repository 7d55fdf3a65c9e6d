//! The pairs of one group with clearly different scores, and the widest of them.

use std::cmp::Ordering;

use pairing::{LengthControl, ScoredGroup, Sides};

/// Tolerance for rounding, relative to the scores: 0.3 is 0.1 more than 0.2, although the
/// subtraction gives a little less.
const ROUNDING: f64 = 1e-12;

/// All pairs of different responses of a group whose scores are far enough apart, with the better
/// score chosen, sorted by their texts. Two responses with equal scores occur in both orders.
pub(crate) struct Clear<'a>(Vec<Sides<'a>>);

/// One of the clear pairs, under some length control.
pub(crate) struct Wide<'a> {
    pub(crate) sides: Sides<'a>,
    /// How much more the chosen side is worth.
    gap: f64,
    /// Its index among the clear pairs.
    index: usize,
}

impl Wide<'_> {
    /// Widest first; pairs with equal gaps stay sorted by text.
    fn order(&self, other: &Self) -> Ordering {
        other
            .gap
            .total_cmp(&self.gap)
            .then_with(|| self.index.cmp(&other.index))
    }
}

impl<'a> Clear<'a> {
    /// The clear pairs of a group, or why there are none.
    pub(crate) fn of(group: &'a ScoredGroup<'_>, min_gap: f64) -> Result<Self, &'static str> {
        let both_orders = group
            .contrasts()?
            .into_iter()
            .flat_map(|sides| [sides, sides.swapped()]);
        let clear: Vec<_> = both_orders
            .filter(|sides| is_clear(*sides, min_gap))
            .collect();
        if clear.is_empty() {
            Err("scores are too close")
        } else {
            Ok(Self(clear))
        }
    }

    /// The `most` pairs with the largest gap in worth, in no particular order. Pairs that length
    /// control would reverse are dropped.
    pub(crate) fn widest(&self, most: usize, control: LengthControl) -> Vec<Wide<'a>> {
        let wide = |(index, sides): (usize, &Sides<'a>)| {
            Some(Wide {
                sides: *sides,
                gap: sides.gap(control)?,
                index,
            })
        };
        let mut pairs: Vec<_> = self.0.iter().enumerate().filter_map(wide).collect();
        // Sorting all of them would dominate the search for `rho`.
        if most < pairs.len() {
            pairs.select_nth_unstable_by(most, Wide::order);
            pairs.truncate(most);
        }
        pairs
    }

    /// The same, widest first, or why there are none.
    pub(crate) fn widest_first(
        &self,
        most: usize,
        control: LengthControl,
    ) -> Result<Vec<Wide<'a>>, &'static str> {
        let mut pairs = self.widest(most, control);
        pairs.sort_by(Wide::order);
        if pairs.is_empty() {
            Err(self.why_none())
        } else {
            Ok(pairs)
        }
    }

    fn why_none(&self) -> &'static str {
        if self
            .0
            .iter()
            .any(|sides| sides.chosen.score > sides.rejected.score)
        {
            "length outweighs every gap"
        } else {
            "scores are too close"
        }
    }
}

/// Whether the chosen side's score is far enough above the rejected side's.
fn is_clear(sides: Sides<'_>, min_gap: f64) -> bool {
    let (chosen, rejected) = (sides.chosen.score, sides.rejected.score);
    chosen - rejected >= min_gap - ROUNDING * chosen.abs().max(rejected.abs())
}
