//! Counter-based random numbers: a number is a function of a key and a counter.
//!
//! The key is a hash of what identifies the draws; the counter is the index of the draw. So a
//! completion is the same in any batch, and a resumed run draws the same numbers as an
//! uninterrupted one.

use tpo_types::{Digest, SampleId, splitmix64};

/// The random numbers of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    key: u64,
}

impl Counter {
    /// The numbers for one purpose of a run.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self::keyed(&[&seed.to_le_bytes(), purpose.as_bytes()])
    }

    /// The numbers of one completion; the counter is the index of the token.
    pub fn of_sample(id: &SampleId) -> Self {
        let (seed, index) = (id.seed.to_le_bytes(), (id.index as u64).to_le_bytes());
        Self::keyed(&[
            &seed,
            id.stream.as_bytes(),
            id.instruction_id.as_bytes(),
            &index,
        ])
    }

    /// The first eight bytes of the SHA-256 of all parts, each prefixed with its length so that no
    /// two lists of parts have the same key.
    fn keyed(parts: &[&[u8]]) -> Self {
        Self {
            key: Digest::of_parts(parts).to_u64(),
        }
    }

    /// 64 random bits.
    pub fn bits(self, counter: u64) -> u64 {
        splitmix64(self.key, counter)
    }

    /// A number in `[0, 1)`, uniform over the multiples of `2^-53`.
    pub fn unit(self, counter: u64) -> f64 {
        (self.bits(counter) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The numbers `0..len` in random order (Fisher and Yates).
    pub fn permutation(self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for last in (1..len).rev() {
            // The high half of the product is uniform over `0..=last` but for `last / 2^64`.
            let other = (u128::from(self.bits(last as u64)) * (last as u128 + 1)) >> 64;
            order.swap(last, other as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slice: &str, instruction_id: &str) -> SampleId {
        SampleId {
            seed: 7,
            stream: slice.into(),
            instruction_id: instruction_id.into(),
            index: 0,
        }
    }

    #[test]
    fn keys_do_not_run_together() {
        assert_ne!(
            Counter::of_sample(&id("ab", "c")),
            Counter::of_sample(&id("a", "bc"))
        );
        assert_ne!(Counter::new(1, "shuffle"), Counter::new(2, "shuffle"));
    }

    #[test]
    fn units_are_uniform() {
        let counter = Counter::new(0, "test");
        let mut buckets = [0u32; 16];
        for at in 0..16_000 {
            buckets[(counter.unit(at) * 16.0) as usize] += 1;
        }
        assert!(
            buckets.iter().all(|count| (850..1150).contains(count)),
            "{buckets:?}"
        );
    }

    #[test]
    fn permutations_hold_every_number_once() {
        let mut order = Counter::new(3, "shuffle").permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
