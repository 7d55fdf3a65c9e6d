//! How many items a plugin is given at once.
//!
//! A call costs little, so batches are there for guests that share work among items and for those
//! that are slow to start; they are bounded so that what a guest and its host hold at once is
//! bounded too.

use std::ops::Range;

const ITEMS: usize = 256;
const BYTES: usize = 1 << 20;

/// All items in one batch.
pub(crate) fn whole(items: usize) -> Vec<Range<usize>> {
    of(items.max(1), items)
}

/// Batches of `items` items each.
pub(crate) fn of(items: usize, all: usize) -> Vec<Range<usize>> {
    (0..all)
        .step_by(items)
        .map(|start| start..(start + items).min(all))
        .collect()
}

/// Cuts items of the given sizes, in bytes, into batches. An item that is larger than a batch is
/// one by itself.
pub(crate) fn cut(sizes: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut batch_bytes = 0;
    for (index, bytes) in sizes.into_iter().enumerate() {
        match batches.last_mut() {
            Some(batch) if batch.len() < ITEMS && batch_bytes + bytes <= BYTES => {
                batch.end = index + 1;
            }
            _ => {
                batches.push(index..index + 1);
                batch_bytes = 0;
            }
        }
        batch_bytes += bytes;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_items() {
        assert!(cut([]).is_empty());
        assert_eq!(cut([1; 300]), [0..256, 256..300]);
    }

    #[test]
    fn batches_are_bounded_in_bytes() {
        assert_eq!(cut([BYTES - 1, 1, 1]), [0..2, 2..3]);
        assert_eq!(cut([1, 2 * BYTES, 1]), [0..1, 1..2, 2..3]);
    }
}
