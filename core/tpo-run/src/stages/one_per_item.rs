//! Every stage trait promises one outcome per item.

use tpo_types::{Failure, FailureKind};

/// The outcomes, if there is one per item: a list that is too short would otherwise drop items
/// in silence, or give an item the outcome of another.
pub(super) fn one_per_item<T>(
    what: &str,
    items: usize,
    outcomes: Vec<T>,
) -> Result<Vec<T>, Failure> {
    if outcomes.len() == items {
        return Ok(outcomes);
    }
    let what = format!(
        "{what} returned {} outcomes for {items} items",
        outcomes.len()
    );
    Err(Failure::new(FailureKind::Bug, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_another_length_is_refused() {
        one_per_item("the parser", 2, vec![1, 2]).expect("as many");
        for outcomes in [vec![], vec![1], vec![1, 2, 3]] {
            let refused = one_per_item("the parser", 2, outcomes).expect_err("another length");
            assert_eq!(refused.kind(), FailureKind::Bug);
        }
    }
}
