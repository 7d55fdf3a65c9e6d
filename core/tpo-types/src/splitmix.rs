//! The random number generator SplitMix64.

/// Output number `counter`, from 0, of `SplitMix64` with this seed (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", OOPSLA 2014). It is a bijective mix of
/// `seed + (counter + 1) * gamma` and so needs no state.
pub fn splitmix64(seed: u64, counter: u64) -> u64 {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
    let z = seed.wrapping_add(GAMMA.wrapping_mul(counter.wrapping_add(1)));
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_those_of_the_reference_implementation() {
        // Vigna's splitmix64.c from the states 1234567 and 0.
        assert_eq!(splitmix64(1_234_567, 0), 6_457_827_717_110_365_317);
        assert_eq!(splitmix64(1_234_567, 1), 3_203_168_211_198_807_973);
        assert_eq!(splitmix64(0, 0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(0, 1), 0x6e78_9e6a_a1b9_65f4);
    }
}
