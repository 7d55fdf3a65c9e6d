//! Why there is no number.

/// The reason why a statistic cannot be computed from what was given. It is returned in place of a
/// number that would look sound.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There are no values, or every one of them is unscored.
    #[error("there are no scored values")]
    Empty,
    /// Fewer values than the statistic needs.
    #[error("{n} values are too few, {needed} are needed")]
    TooFew {
        /// Values given.
        n: usize,
        /// Values needed.
        needed: usize,
    },
    /// All values are equal, so their spread says nothing about the error of their mean.
    #[error("all values are equal")]
    NoSpread,
    /// A value is NaN, infinite or so large that its square could be.
    #[error("a value is not a finite number of usable size")]
    NotFinite,
    /// A value lies outside the scale that it was said to be on.
    #[error("the value {value} lies outside the scale")]
    OutsideScale {
        /// The value.
        value: f64,
    },
    /// Two lists that belong together differ in length.
    #[error("lists of {left} and {right} values cannot be paired")]
    Lengths {
        /// Length of the first list.
        left: usize,
        /// Length of the second list.
        right: usize,
    },
    /// One instruction has two rows.
    #[error("an instruction has two rows")]
    Duplicate,
    /// A parameter makes no sense, such as a weight of 0 or a power of 1.
    #[error("the parameter `{name}` is out of range")]
    Parameter {
        /// The parameter.
        name: &'static str,
    },
    /// The columns of a model cannot be told apart, such as a length difference that is the same
    /// for every instruction.
    #[error("the columns of the model cannot be told apart")]
    Collinear,
    /// An iteration did not reach its solution.
    #[error("the fit did not converge")]
    NotConverged,
}

/// Beyond this, sums of squares could overflow.
const LARGEST: f64 = 1e100;

/// Refuses NaN, infinities, and values whose squares could be infinite.
pub(crate) fn all_finite(values: &[f64]) -> Result<(), Refusal> {
    if values.iter().all(|value| value.abs() <= LARGEST) {
        Ok(())
    } else {
        Err(Refusal::NotFinite)
    }
}

/// Refuses lists of different lengths.
pub(crate) fn same_length(left: usize, right: usize) -> Result<(), Refusal> {
    if left == right {
        Ok(())
    } else {
        Err(Refusal::Lengths { left, right })
    }
}
