//! A label of an instruction, and where it comes from.

/// A label of an instruction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Label<T> {
    /// There is none yet.
    Open,
    /// The row had it.
    Kept(T),
    /// The model gave it.
    Assigned(T),
    /// The model gave none.
    Missing(NoLabel),
}

/// Why the model gave no label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoLabel {
    /// A short phrase.
    pub(super) reason: String,
    /// The start of the last reply or of the error, escaped.
    pub(super) detail: String,
}

impl<T> Label<T> {
    /// The label that a row has, if it has one.
    pub(super) fn of_row(value: Option<T>) -> Self {
        value.map_or(Self::Open, Self::Kept)
    }

    /// The label, if there is one.
    pub(super) fn value(&self) -> Option<&T> {
        match self {
            Self::Kept(value) | Self::Assigned(value) => Some(value),
            Self::Open | Self::Missing(_) => None,
        }
    }
}

impl<T> From<Result<T, NoLabel>> for Label<T> {
    fn from(outcome: Result<T, NoLabel>) -> Self {
        outcome.map_or_else(Self::Missing, Self::Assigned)
    }
}
