//! The best scored candidate of a group against the worst.

use crate::{LengthControl, ScoredCandidate, ScoredGroup, Sides};

/// Best against worst, or why there is no such pair. Their texts order candidates of equal worth.
pub fn best_against_worst<'a>(
    group: &'a ScoredGroup<'_>,
    control: LengthControl,
) -> Result<Sides<'a>, &'static str> {
    let (best, worst) = extremes(group.comparable()?, control);
    let Some(sides) = (Sides {
        chosen: best,
        rejected: worst,
    })
    .better_first(control) else {
        return Err("best and worst tie");
    };
    if sides.differ() {
        Ok(sides)
    } else {
        Err("best and worst are the same response")
    }
}

/// The best scored candidate, if there is one.
pub(crate) fn best<'a>(
    group: &'a ScoredGroup<'_>,
    control: LengthControl,
) -> Option<&'a ScoredCandidate<'a>> {
    if group.candidates.is_empty() {
        None
    } else {
        Some(extremes(&group.candidates, control).0)
    }
}

/// The candidates with the highest and the lowest worth, of one or more. Among equals, the best is
/// the first and the worst the last: the candidates are sorted by text.
fn extremes<'a>(
    candidates: &'a [ScoredCandidate<'_>],
    control: LengthControl,
) -> (&'a ScoredCandidate<'a>, &'a ScoredCandidate<'a>) {
    let worth = |i: usize| control.worth(&candidates[i]);
    let (mut best, mut worst) = ((0, worth(0)), (0, worth(0)));
    for i in 1..candidates.len() {
        let worth = worth(i);
        if worth.total_cmp(&best.1).is_gt() {
            best = (i, worth);
        }
        if worth.total_cmp(&worst.1).is_le() {
            worst = (i, worth);
        }
    }
    (&candidates[best.0], &candidates[worst.0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LengthUnit;
    use crate::testing::{group, scored};

    #[test]
    fn of_equal_worths_the_best_is_the_first_by_text_and_the_worst_the_last() {
        let mut candidates = [(0.5, "c"), (1.0, "b"), (1.0, "d"), (0.5, "a")]
            .map(|(score, text)| scored(score, text));
        for _ in 0..candidates.len() {
            candidates.rotate_left(1);
            let group = group("a", candidates.to_vec());
            let scored = ScoredGroup::of(&group, LengthUnit::Characters);
            let sides =
                best_against_worst(&scored, LengthControl::of_responses(0.3)).expect("a pair");
            assert_eq!((sides.chosen.text, sides.rejected.text), ("b", "c"));
        }
    }
}
