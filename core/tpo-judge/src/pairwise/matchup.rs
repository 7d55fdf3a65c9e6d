//! Two responses to one instruction.

/// Two responses by their indices, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Matchup {
    pub(super) first: usize,
    pub(super) second: usize,
}

impl Matchup {
    /// Both orders of the matchup.
    pub(super) fn both_orders(self) -> [Self; 2] {
        let Self { first, second } = self;
        [
            self,
            Self {
                first: second,
                second: first,
            },
        ]
    }

    pub(super) fn shares_a_response_with(self, other: Self) -> bool {
        [other.first, other.second]
            .iter()
            .any(|response| *response == self.first || *response == self.second)
    }
}
