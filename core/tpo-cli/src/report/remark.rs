//! What a sentence says about the correction of its p-value.

/// How many comparisons a p-value was corrected for, and the words for it; none for a comparison of
/// its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Remark {
    pub text: String,
    pub comparisons: usize,
}
