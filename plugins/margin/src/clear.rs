//! The pairs of one group that the judge tells apart clearly, and the widest of them.

use std::cmp::Ordering;

use pairing::{LengthControl, ScoredGroup, Sides};

/// What is left of a gap by rounding, as a share of the scores: 0.3 is 0.1 more than 0.2, whatever
/// a subtraction says.
const ROUNDING: f64 = 1e-12;

/// Every two different responses of a group whose scores are far enough apart, the better score
/// chosen, in an order that their texts decide. Two of equal scores are there both ways round.
pub(crate) struct Clear<'a>(Vec<Sides<'a>>);

/// One of the clear pairs at some length control.
pub(crate) struct Wide<'a> {
    pub(crate) sides: Sides<'a>,
    /// How much more the chosen side is worth.
    gap: f64,
    /// Its place among the clear pairs.
    place: usize,
}

impl Wide<'_> {
    /// Widest first; pairs of equal gap stay ordered by text.
    fn order(&self, other: &Self) -> Ordering {
        other
            .gap
            .total_cmp(&self.gap)
            .then_with(|| self.place.cmp(&other.place))
    }
}

impl<'a> Clear<'a> {
    /// Those of a group, or why there are none.
    pub(crate) fn of(group: &'a ScoredGroup<'_>, min_gap: f64) -> Result<Self, &'static str> {
        let both_ways = group
            .contrasts()?
            .into_iter()
            .flat_map(|sides| [sides, sides.turned()]);
        let clear: Vec<_> = both_ways
            .filter(|sides| is_clear(*sides, min_gap))
            .collect();
        if clear.is_empty() {
            Err("scores are too close")
        } else {
            Ok(Self(clear))
        }
    }

    /// At most `most` pairs, those whose chosen side is worth most above the rejected one, in no
    /// order. Where length control would turn a pair round, it is given up.
    pub(crate) fn widest(&self, most: usize, control: LengthControl) -> Vec<Wide<'a>> {
        let wide = |(place, sides): (usize, &Sides<'a>)| {
            Some(Wide {
                sides: *sides,
                gap: sides.gap(control)?,
                place,
            })
        };
        let mut pairs: Vec<_> = self.0.iter().enumerate().filter_map(wide).collect();
        // Sorting them all would take most of the time that finding `rho` takes.
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

/// Whether the judge scores the chosen side far enough above the rejected one.
fn is_clear(sides: Sides<'_>, min_gap: f64) -> bool {
    let (chosen, rejected) = (sides.chosen.score, sides.rejected.score);
    chosen - rejected >= min_gap - ROUNDING * chosen.abs().max(rejected.abs())
}
