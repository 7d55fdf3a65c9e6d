//! Seeded random numbers: the outputs of SplitMix64, one after the other.

use tpo_types::splitmix64;

/// The outputs of SplitMix64 from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    seed: u64,
    counter: u64,
}

impl Stream {
    /// From output number 0.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let bits = splitmix64(self.seed, self.counter);
        self.counter += 1;
        bits
    }

    /// An index below `n` > 0, as the remainder; its bias of n/2^64 is far below any sampling
    /// error.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}
