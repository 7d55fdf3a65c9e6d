//! AlpacaEval 2: a model against a baseline, raw and length-controlled.
//!
//! The conventions are those of the `alpaca_eval` package 0.6.6: preferences lie in [1, 2], 1 means
//! that the baseline wins, 2 that the model wins, 1.5 is a tie, and results are in points, from 0
//! to 100.

mod length_control;
mod package;

use crate::estimate::estimate;
use crate::refusal::Refusal;
use crate::scale::Scale;

pub use length_control::{
    Anchor, LengthControlVariant, LengthControlled, LengthWeights, length_controlled,
};
pub use package::{PackageFit, package_fit};

/// The raw metrics of the package, under its names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawWinRate {
    /// `100 mean(preference - 1)`, in points.
    pub win_rate: f64,
    /// `100 sd / sqrt(n)`, in points; none for one instruction and where all preferences are equal
    /// (the package says NaN and 0).
    pub standard_error: Option<f64>,
    /// Preferences above 1.5.
    pub n_wins: usize,
    /// Preferences below 1.5.
    pub n_wins_base: usize,
    /// Preferences of 1.5.
    pub n_draws: usize,
    /// Preferences that count.
    pub n_total: usize,
    /// The win rate with every preference other than a tie rounded to a win or a loss, in points.
    pub discrete_win_rate: f64,
}

/// Raw win rate of preferences. Those that are NaN or outside [1, 2] are dropped; 0 is an old code
/// for a tie. Refuses a list of which none is left.
pub fn raw_win_rate(preferences: &[f64]) -> Result<RawWinRate, Refusal> {
    let outcomes: Vec<f64> = preferences.iter().filter_map(|p| outcome(*p)).collect();
    let discrete: Vec<f64> = preferences.iter().filter_map(|p| discrete(*p)).collect();
    let mean = estimate(&outcomes, Scale::UNIT)?;
    let count = |kept: fn(&f64) -> bool| outcomes.iter().filter(|y| kept(y)).count();
    Ok(RawWinRate {
        win_rate: 100.0 * mean.mean,
        standard_error: mean.standard_error.map(|error| 100.0 * error),
        n_wins: count(|y| *y > 0.5),
        n_wins_base: count(|y| *y < 0.5),
        n_draws: count(|y| *y == 0.5),
        n_total: outcomes.len(),
        discrete_win_rate: 100.0 * discrete.iter().sum::<f64>() / discrete.len() as f64,
    })
}

/// P(model wins), or none for a preference that is dropped.
fn outcome(preference: f64) -> Option<f64> {
    if preference == 0.0 {
        return Some(0.5);
    }
    (1.0..=2.0)
        .contains(&preference)
        .then_some(preference - 1.0)
}

/// Win, tie or loss as the package rounds them: half to even, and what rounds to 0 is a tie.
fn discrete(preference: f64) -> Option<f64> {
    if preference == 1.5 {
        return Some(0.5);
    }
    let rounded = preference.round_ties_even();
    if rounded == 0.0 {
        Some(0.5)
    } else {
        outcome(rounded)
    }
}
