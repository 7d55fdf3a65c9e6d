//! Two scored candidates, one chosen over the other.

use tpo_plugin::Pair;

use crate::{LengthControl, ScoredCandidate};

/// Worths closer than this are a tie.
const TIE: f64 = 1e-12;

/// Two scored candidates of one group.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The one to prefer.
    pub chosen: &'a ScoredCandidate<'a>,
    /// The other one.
    pub rejected: &'a ScoredCandidate<'a>,
}

impl Sides<'_> {
    /// Whether they are different responses.
    pub fn differ(self) -> bool {
        self.chosen.text != self.rejected.text
    }

    /// How much more the chosen one is worth; none if it is not worth more.
    pub fn gap(self, control: LengthControl) -> Option<f64> {
        let difference = self.difference(control);
        (difference > TIE).then_some(difference)
    }

    /// The same two candidates, with the better one chosen; none if they tie.
    #[must_use]
    pub fn better_first(self, control: LengthControl) -> Option<Self> {
        let difference = self.difference(control);
        (difference.abs() > TIE).then(|| {
            if difference > 0.0 {
                self
            } else {
                self.swapped()
            }
        })
    }

    /// The same two candidates with their roles swapped.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self {
            chosen: self.rejected,
            rejected: self.chosen,
        }
    }

    fn difference(self, control: LengthControl) -> f64 {
        control.worth(self.chosen) - control.worth(self.rejected)
    }

    /// The pair, by index into the group.
    pub fn pair(self) -> Pair {
        pair(self.chosen.index, self.rejected.index)
    }
}

/// A pair without extra values.
pub(crate) fn pair(chosen: usize, rejected: usize) -> Pair {
    Pair {
        chosen: chosen as u32,
        rejected: rejected as u32,
        extra: Vec::new(),
    }
}
