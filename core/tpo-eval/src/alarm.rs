//! Alarm for over-optimization: the judge that chooses rises faster than an independent one.

use crate::estimate::{Estimate, estimate, sample_variance};
use crate::refusal::{Refusal, all_finite, same_length};
use crate::scale::Scale;

/// Standard errors that the gap must exceed.
const ERRORS: f64 = 2.0;
/// Checkpoints in a row on which it must do so.
const IN_A_ROW: usize = 2;

/// One judge's scores of the same instructions, before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeScores<'a> {
    /// Scores of the model before training, one per instruction.
    pub before: &'a [f64],
    /// Scores of the checkpoint, in the same order.
    pub after: &'a [f64],
}

/// Gains under two judges, each in units of the judge's standard deviation before training.
#[derive(Debug, Clone, PartialEq)]
pub struct GainGap {
    /// Gain under the judge that chooses.
    pub choosing: f64,
    /// Gain under the independent judge.
    pub held_out: f64,
    /// Mean paired gap of the gains, choosing minus held out, with its error.
    pub gap: Estimate,
    /// Whether the gap exceeds two standard errors.
    pub exceeds: bool,
}

/// The gap between the gains under a judge that chooses and one that is held out.
///
/// Per instruction `(after - before) / sd(before)` under either judge; the standard deviations are
/// over instructions. Refuses different lengths, fewer than two instructions, values that are not
/// finite, and scores before training that are all equal.
pub fn gain_gap(choosing: JudgeScores, held_out: JudgeScores) -> Result<GainGap, Refusal> {
    same_length(choosing.before.len(), held_out.before.len())?;
    let (first, second) = (gains(choosing)?, gains(held_out)?);
    let gaps = crate::paired::differences(&first, &second)?;
    let gap = estimate(&gaps, Scale::Continuous)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let exceeds = gap
        .standard_error
        .is_some_and(|error| gap.mean > ERRORS * error);
    Ok(GainGap {
        choosing: mean(&first),
        held_out: mean(&second),
        gap,
        exceeds,
    })
}

/// The gap between the gains under a judge that chooses and one that is held out, where the two
/// judge different instructions.
///
/// The gains are as in [`gain_gap`]; they are independent, so the error of the gap is
/// `sqrt(SE_choosing^2 + SE_held_out^2)`. Returns whether the gap exceeds two standard errors.
pub fn independent_gap_exceeds(
    choosing: JudgeScores,
    held_out: JudgeScores,
) -> Result<bool, Refusal> {
    let first = estimate(&gains(choosing)?, Scale::Continuous)?;
    let second = estimate(&gains(held_out)?, Scale::Continuous)?;
    let error = |one: &Estimate| one.standard_error.unwrap_or(0.0);
    let gap_error = error(&first).hypot(error(&second));
    Ok(first.mean - second.mean > ERRORS * gap_error)
}

/// Whether the gap exceeded two standard errors on the last two checkpoints.
pub fn over_optimized(gaps: &[GainGap]) -> bool {
    gaps.len() >= IN_A_ROW && gaps[gaps.len() - IN_A_ROW..].iter().all(|gap| gap.exceeds)
}

fn gains(scores: JudgeScores) -> Result<Vec<f64>, Refusal> {
    same_length(scores.before.len(), scores.after.len())?;
    all_finite(scores.before)?;
    all_finite(scores.after)?;
    if scores.before.len() < 2 {
        let n = scores.before.len();
        return Err(Refusal::TooFew { n, needed: 2 });
    }
    let first = scores.before[0];
    if scores.before.iter().all(|&score| score == first) {
        return Err(Refusal::NoSpread);
    }
    let sd = sample_variance(scores.before).sqrt();
    let pairs = scores.before.iter().zip(scores.after);
    Ok(pairs.map(|(before, after)| (after - before) / sd).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judge_that_rises_alone_is_noticed_on_other_instructions_too() {
        let before = [0.10, 0.12, 0.09, 0.15, 0.11, 0.13];
        let risen = [0.16, 0.17, 0.13, 0.20, 0.18, 0.16];
        let held_out = [3.1, 2.8, 3.5, 3.0, 2.9, 3.3];
        let stayed = [3.2, 2.7, 3.6, 3.1, 3.1, 3.0];
        let gap = |after: &[f64], other: &[f64]| {
            let choosing = JudgeScores {
                before: &before,
                after,
            };
            let held_out = JudgeScores {
                before: &held_out,
                after: other,
            };
            independent_gap_exceeds(choosing, held_out)
        };
        assert_eq!(gap(&risen, &stayed), Ok(true));
        assert_eq!(gap(&before, &stayed), Ok(false));
        assert_eq!(gap(&risen, &[9.1, 8.8, 9.5, 9.0, 8.9, 9.3]), Ok(false));
        assert!(gap(&[0.1], &stayed).is_err());
    }
}
