//! The sign-flip test: if two models are equal, the difference of an instruction is as likely with
//! either sign.

use crate::distributions::fair_coins_at_most;
use crate::random::Stream;
use crate::refusal::{Refusal, all_finite};

/// Differences up to which every flip is enumerated.
const ENUMERATED: usize = 20;
/// Random flips for more differences; the smallest p is then 1/10000.
const FLIPS: usize = 9_999;
/// Seed of the random flips. Fixed, so that one set of differences has one p.
const SEED: u64 = 0x7374_6174;
/// Sums that differ by less than this share of the sum of magnitudes count as equal.
const ROUNDING: f64 = 1e-10;

/// Result of a sign-flip test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Two-sided p: the share of sign assignments whose sum is at least as far from 0 as the
    /// observed one.
    pub p_value: f64,
    /// The smallest p that any signs of these differences could reach, `2^(1 - m)` for m
    /// differences other than 0, or more where assignments were drawn.
    pub smallest_p: f64,
    /// Whether all sign assignments were counted; otherwise they were drawn, and `p = (1 + reached)
    /// / (1 + drawn)`.
    pub exact: bool,
}

/// Two-sided sign-flip test of differences, one per independent unit (Fisher 1935, section 21).
///
/// Exact for up to 20 differences other than 0 and for any number of differences of one magnitude,
/// where it is the sign test; otherwise by 9,999 random assignments from a fixed seed. Differences
/// of 0 do not change the result. Without any other difference p is 1.
pub fn sign_flip(differences: &[f64]) -> Result<SignFlip, Refusal> {
    all_finite(differences)?;
    if differences.is_empty() {
        return Err(Refusal::Empty);
    }
    let moved: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let (p_value, exact) = if one_magnitude(&moved) {
        (sign_test(&moved), true)
    } else if moved.len() <= ENUMERATED {
        (enumerate(&moved), true)
    } else {
        (draw(&moved), false)
    };
    let reachable = 2.0_f64.powi(1 - moved.len().clamp(1, 1_000) as i32);
    let smallest_p = if exact {
        reachable
    } else {
        reachable.max(1.0 / (FLIPS + 1) as f64)
    };
    Ok(SignFlip {
        p_value,
        smallest_p,
        exact,
    })
}

fn one_magnitude(moved: &[f64]) -> bool {
    let Some(first) = moved.first() else {
        return true;
    };
    let near = |d: &f64| (d.abs() - first.abs()).abs() <= ROUNDING * first.abs();
    moved.iter().all(near)
}

/// `2 P(X <= min(wins, losses))` for a binomial X of fair coins.
fn sign_test(moved: &[f64]) -> f64 {
    let wins = moved.iter().filter(|d| **d > 0.0).count();
    let fewer = wins.min(moved.len() - wins);
    (2.0 * fair_coins_at_most(fewer as u64, moved.len() as u64)).min(1.0)
}

/// The sum that an assignment has to reach.
fn threshold(moved: &[f64]) -> f64 {
    let magnitudes: f64 = moved.iter().map(|d| d.abs()).sum();
    moved.iter().sum::<f64>().abs() - ROUNDING * magnitudes
}

/// Counts every assignment in the order of a Gray code. The first sign stays, since turning all of
/// them changes nothing.
fn enumerate(moved: &[f64]) -> f64 {
    let threshold = threshold(moved);
    let assignments = 1_u64 << (moved.len() - 1);
    let mut signed: Vec<f64> = moved.to_vec();
    let mut sum: f64 = signed.iter().sum();
    let mut reached = u64::from(sum.abs() >= threshold);
    for code in 1..assignments {
        let place = code.trailing_zeros() as usize + 1;
        sum -= 2.0 * signed[place];
        signed[place] = -signed[place];
        reached += u64::from(sum.abs() >= threshold);
    }
    reached as f64 / assignments as f64
}

fn draw(moved: &[f64]) -> f64 {
    let threshold = threshold(moved);
    let tables = SignedSums::new(moved);
    let mut stream = Stream::new(SEED);
    let reached = (0..FLIPS)
        .filter(|_| tables.sum(&mut stream).abs() >= threshold)
        .count();
    (1 + reached) as f64 / (1 + FLIPS) as f64
}

/// Sums of differences under random signs, looked up eight at a time.
struct SignedSums {
    /// Per eight differences, the sum for each of the 256 ways to sign them.
    tables: Vec<[f64; 256]>,
}

impl SignedSums {
    fn new(moved: &[f64]) -> Self {
        let table = |eight: &[f64]| {
            std::array::from_fn(|signs| {
                let sign = |place: usize| if signs >> place & 1 == 1 { -1.0 } else { 1.0 };
                let signed = eight.iter().enumerate();
                signed.map(|(place, d)| sign(place) * d).sum()
            })
        };
        Self {
            tables: moved.chunks(8).map(table).collect(),
        }
    }

    fn sum(&self, stream: &mut Stream) -> f64 {
        let mut sum = 0.0;
        for eight in self.tables.chunks(8) {
            let bits = stream.bits().to_le_bytes();
            for (table, signs) in eight.iter().zip(bits) {
                sum += table[usize::from(signs)];
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wins_cannot_be_significant() {
        let flip = sign_flip(&[0.3, 0.1, 0.2, 0.5, 0.4]).expect("finite");
        assert_eq!(flip.p_value, 2.0 / 32.0);
        assert_eq!(flip.smallest_p, 2.0 / 32.0);
    }

    #[test]
    fn drawn_assignments_come_near_the_enumerated_ones() {
        let differences: Vec<f64> = (0..20).map(|i| f64::from(i % 7) - 2.2).collect();
        let exact = enumerate(&differences);
        assert!((draw(&differences) - exact).abs() < 0.015, "{exact}");
    }

    #[test]
    fn no_difference_at_all_has_p_one() {
        assert_eq!(sign_flip(&[0.0; 9]).expect("finite").p_value, 1.0);
        assert_eq!(sign_flip(&[]), Err(Refusal::Empty));
        assert_eq!(sign_flip(&[f64::NAN]), Err(Refusal::NotFinite));
    }
}
