//! The Mersenne Twister, which decides the order of columns in liblinear under scikit-learn.

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// MT19937 (Matsumoto and Nishimura 1998).
#[derive(Debug, Clone)]
pub(crate) struct MersenneTwister {
    state: Vec<u32>,
    place: usize,
}

impl MersenneTwister {
    /// From a seed, as `std::mt19937` of C++ does.
    pub(crate) fn new(seed: u32) -> Self {
        let mut state = vec![seed; SIZE];
        for i in 1..SIZE {
            let previous = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = previous.wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, place: SIZE }
    }

    fn next(&mut self) -> u32 {
        if self.place == SIZE {
            self.twist();
        }
        let mut y = self.state[self.place];
        self.place += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..SIZE {
            let high = self.state[i] & 0x8000_0000;
            let y = high | (self.state[(i + 1) % SIZE] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % SIZE] ^ (y >> 1) ^ odd;
        }
        self.place = 0;
    }

    /// An index below `range` > 0 by multiplication (Lemire 2019). The rejection that would remove
    /// its bias is needed once in billions for the few columns here, and left out.
    pub(crate) fn below(&mut self, range: usize) -> usize {
        ((u64::from(self.next()) * range as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_output_is_that_of_the_standard() {
        // ISO C++, [rand.predef]: of a default-constructed `mt19937`.
        let mut twister = MersenneTwister::new(5489);
        assert_eq!(
            (0..10_000).map(|_| twister.next()).last(),
            Some(4_123_659_995)
        );
    }
}
