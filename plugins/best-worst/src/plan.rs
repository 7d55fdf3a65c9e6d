//! What one group could give, before the groups compete for the share of malformed pairs.

use std::cmp::Ordering;

use tpo_plugin::{Candidate, CandidateGroup, Pair, Selection, Standing};

use crate::length_control::LengthControl;
use crate::malformed::hash;

/// Worths closer than this are a tie.
const TIE: f64 = 1e-12;

/// The pairs that a group could give. At most one is taken.
pub(crate) struct Plan {
    /// Best against worst of the scored candidates, or why there is no such pair.
    pub(crate) scored: Result<Sides, &'static str>,
    /// The best against a malformed completion, where the group has both.
    pub(crate) malformed: Option<Sides>,
    /// Whether the group may use its malformed pair.
    pub(crate) granted: bool,
}

/// A pair, by index into the group.
#[derive(Clone, Copy)]
pub(crate) struct Sides {
    chosen: usize,
    rejected: usize,
}

impl Plan {
    pub(crate) fn of(group: &CandidateGroup, control: LengthControl) -> Self {
        let ranking = ranking(group, control);
        let malformed = ranking.first().and_then(|best| malformed_pair(group, best.index));
        Self { scored: scored_pair(group, &ranking), malformed, granted: false }
    }

    pub(crate) fn into_selection(self) -> Selection {
        let pair = match (self.granted, self.malformed, self.scored) {
            (true, Some(sides), _) | (_, _, Ok(sides)) => Ok(sides),
            (_, _, Err(reason)) => Err(reason),
        };
        let (pairs, dropped) = match pair {
            Ok(Sides { chosen, rejected }) => {
                (vec![Pair { chosen: chosen as u32, rejected: rejected as u32, extra: Vec::new() }], None)
            }
            Err(reason) => (Vec::new(), Some(reason.into())),
        };
        Selection { pairs, dropped, extra: Vec::new() }
    }
}

/// A scored candidate and what it is worth after length control.
struct Ranked<'a> {
    index: usize,
    worth: f64,
    candidate: &'a Candidate,
}

impl Ranked<'_> {
    /// Best first. Equal worths are ordered by text, so that the order of sampling decides nothing.
    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.candidate, other.candidate);
        let by_text = || (&a.response, &a.thought).cmp(&(&b.response, &b.thought));
        other.worth.total_cmp(&self.worth).then_with(by_text)
    }
}

/// The scored candidates, best first.
fn ranking(group: &CandidateGroup, control: LengthControl) -> Vec<Ranked<'_>> {
    let scored = group.candidates.iter().enumerate().filter_map(|(index, candidate)| match candidate.standing {
        Standing::Scored(score) => Some((index, score, candidate)),
        Standing::Unscored(_) | Standing::Malformed(_) => None,
    });
    let (indices, (scores, candidates)): (Vec<_>, (Vec<_>, Vec<_>)) =
        scored.map(|(index, score, candidate)| (index, (score, candidate))).unzip();
    let worths = control.worth(&scores, &candidates);
    let mut ranking: Vec<_> = indices
        .into_iter()
        .zip(worths)
        .zip(candidates)
        .map(|((index, worth), candidate)| Ranked { index, worth, candidate })
        .collect();
    ranking.sort_by(Ranked::order);
    ranking
}

fn scored_pair(group: &CandidateGroup, ranking: &[Ranked<'_>]) -> Result<Sides, &'static str> {
    let (best, worst) = match ranking {
        [] => return Err("no scored candidate"),
        [_] => return Err("only one scored candidate"),
        [best, .., worst] => (best, worst),
    };
    if best.worth - worst.worth <= TIE {
        return Err("best and worst tie");
    }
    let sides = Sides { chosen: best.index, rejected: worst.index };
    if sides.differ(group) { Ok(sides) } else { Err("best and worst are the same response") }
}

/// Which of several malformed completions is rejected says a hash of the text.
fn malformed_pair(group: &CandidateGroup, chosen: usize) -> Option<Sides> {
    (0..group.candidates.len())
        .filter(|&index| matches!(group.candidates[index].standing, Standing::Malformed(_)))
        .map(|rejected| Sides { chosen, rejected })
        .filter(|sides| sides.differ(group))
        .min_by_key(|sides| hash(&group.candidates[sides.rejected].response))
}

impl Sides {
    fn differ(self, group: &CandidateGroup) -> bool {
        let text = |index: usize| group.candidates[index].response.trim();
        text(self.chosen) != text(self.rejected)
    }
}
