//! The verdicts of an Arena-Hard judge.

/// A verdict between the responses A and B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `A>>B`: A is significantly better.
    MuchBetterA,
    /// `A>B`: A is slightly better.
    BetterA,
    /// `A=B`.
    Tie,
    /// `B>A`: B is slightly better.
    BetterB,
    /// `B>>A`: B is significantly better.
    MuchBetterB,
}

impl Label {
    /// The verdict that a label names, without its brackets; the forms of version 2 (`A<B`, lower
    /// case) are known too.
    pub fn parse(label: &str) -> Option<Self> {
        match label.to_ascii_uppercase().as_str() {
            "A>>B" | "B<<A" => Some(Self::MuchBetterA),
            "A>B" | "B<A" => Some(Self::BetterA),
            "A=B" | "B=A" => Some(Self::Tie),
            "B>A" | "A<B" => Some(Self::BetterB),
            "B>>A" | "A<<B" => Some(Self::MuchBetterB),
            _ => None,
        }
    }

    /// Whether it counts as several votes.
    pub fn is_strong(self) -> bool {
        matches!(self, Self::MuchBetterA | Self::MuchBetterB)
    }

    /// The part of a vote that B gets.
    pub fn share_of_b(self) -> f64 {
        match self {
            Self::MuchBetterA | Self::BetterA => 0.0,
            Self::Tie => 0.5,
            Self::BetterB | Self::MuchBetterB => 1.0,
        }
    }
}
