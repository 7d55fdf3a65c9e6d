//! Which of several models is best, and whether one is better than another.

use super::{Measurement, PairedRows};

/// Whether a later model replaces the best one so far: it is better by more than one standard error
/// of the paired difference. So among models that differ by chance the earliest stays, as the
/// one-standard-error rule wants (Breiman et al. 1984, section 3.4.3), and nothing replaces a model
/// that it was not compared with on at least two instructions.
pub fn replaces(later: &Measurement, best: &Measurement) -> bool {
    change(best, later)
        .and_then(|rows| tpo_eval::Mean::of(&rows.differences))
        .is_some_and(|gain| gain.mean > gain.standard_error)
}

/// How `after` compares with `before`, instruction by instruction.
pub fn change(before: &Measurement, after: &Measurement) -> Option<PairedRows> {
    after.compared_with(before)
}
