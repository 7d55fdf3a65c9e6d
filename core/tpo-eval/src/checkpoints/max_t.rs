//! Several checkpoints against one reference, with the correlation between them.

use crate::random::Stream;
use crate::refusal::{Refusal, all_finite, same_length};

/// Instructions up to which every flip is enumerated.
const ENUMERATED: usize = 14;
/// Random flips for more instructions.
const FLIPS: usize = 9_999;
/// Seed of the random flips.
const SEED: u64 = 0x6d61_7874;
/// Statistics that differ by less than this share count as equal.
const ROUNDING: f64 = 1e-9;

/// A checkpoint against the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaxT {
    /// t of the paired differences; infinite where they are all equal and not 0.
    pub t: f64,
    /// Adjusted two-sided p: the share of flips whose largest |t| over all checkpoints reaches this
    /// one's.
    pub p_value: f64,
}

/// Max-t sign flips (Westfall and Young 1993): an instruction's differences change sign for all
/// checkpoints together, and every checkpoint is compared with the largest |t|, whose standard
/// deviation is computed again for each flip. The chance of a single wrong claim is at most the
/// level, and checkpoints that rise and fall together cost less than under Holm.
///
/// `differences` has a list per checkpoint: its scores minus the reference's, one per instruction
/// in the same order. Exact up to 14 instructions, else 9,999 random flips from a fixed seed with
/// `p = (1 + reached) / 10000`. Refuses fewer than two instructions, different lengths and values
/// that are not finite.
pub fn max_t(differences: &[Vec<f64>]) -> Result<Vec<MaxT>, Refusal> {
    let n = differences.first().ok_or(Refusal::Empty)?.len();
    for checkpoint in differences {
        same_length(n, checkpoint.len())?;
        all_finite(checkpoint)?;
    }
    if n < 2 {
        return Err(Refusal::TooFew { n, needed: 2 });
    }
    let squares: Vec<f64> = differences
        .iter()
        .map(|d| d.iter().map(|d| d * d).sum())
        .collect();
    let sums = |signs: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let signed = |d: &Vec<f64>| {
            let places = d.iter().enumerate();
            places
                .map(|(place, d)| if signs(place) { -d } else { *d })
                .sum()
        };
        differences.iter().map(signed).collect()
    };
    let t_values = |sums: &[f64]| -> Vec<f64> {
        let pairs = sums.iter().zip(&squares);
        pairs.map(|(&sum, &square)| t_of(sum, square, n)).collect()
    };
    let observed = t_values(&sums(&|_| false));
    let mut reached = vec![0_usize; observed.len()];
    let mut count = |flipped: &[f64]| {
        let largest = t_values(flipped)
            .iter()
            .fold(0.0_f64, |largest, t| largest.max(t.abs()));
        for (reached, t) in reached.iter_mut().zip(&observed) {
            *reached += usize::from(largest >= t.abs() * (1.0 - ROUNDING));
        }
    };
    let (extra, total) = if n <= ENUMERATED {
        let flips = 1_usize << n;
        (0..flips).for_each(|flip| count(&sums(&|place| flip >> place & 1 == 1)));
        (0, flips)
    } else {
        let mut stream = Stream::new(SEED);
        for _ in 0..FLIPS {
            let words: Vec<u64> = (0..n.div_ceil(64)).map(|_| stream.bits()).collect();
            count(&sums(&|place| words[place / 64] >> (place % 64) & 1 == 1));
        }
        (1, FLIPS + 1)
    };
    let adjusted = observed.iter().zip(&reached);
    let row = |(&t, &reached): (&f64, &usize)| MaxT {
        t,
        p_value: (reached + extra) as f64 / total as f64,
    };
    Ok(adjusted.map(row).collect())
}

/// t of differences from their sum and sum of squares, which flips do not change.
fn t_of(sum: f64, square: f64, n: usize) -> f64 {
    let count = n as f64;
    let variance = (square - sum * sum / count) / (count - 1.0);
    if sum == 0.0 {
        0.0
    } else if variance <= 1e-14 * square {
        f64::INFINITY.copysign(sum)
    } else {
        sum / count / (variance / count).sqrt()
    }
}
