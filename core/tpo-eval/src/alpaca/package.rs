//! The package's own length-controlled fit, for numbers that are compared with its leaderboard.
//!
//! It minimizes `|w|_1 + C sum_i weight_i crossentropy_i` over all weights, with C from ten values
//! by five-fold cross-validation, and stops where liblinear stops.

use crate::alpaca::LengthControlVariant;
use crate::alpaca::length_control::{LengthWeights, Table};
use crate::liblinear::fit_l1;
use crate::logistic::{Observation, dot, sigmoid};
use crate::refusal::Refusal;

const FOLDS: usize = 5;
/// What scikit-learn seeds liblinear with for each C of a fold: numpy's
/// `RandomState(123).randint(2**31 - 1)`, drawn ten times. The last fit has the first again.
const SEEDS: [u32; 10] = [
    843_828_734,
    914_636_141,
    1_228_959_102,
    1_840_268_610,
    974_319_580,
    819_844_194,
    220_395_238,
    941_243_409,
    942_612_051,
    2_109_339_754,
];
/// Probabilities are kept this far from 0 and 1 in the score.
const CLIP: f64 = 1e-15;

/// The package's length-controlled win rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PackageFit {
    /// `length_controlled_winrate`, in points.
    pub win_rate: f64,
    /// `lc_standard_error`: the spread of the predictions, in points. It is no sampling error, and
    /// 0 for the minimal formula.
    pub prediction_error: f64,
    /// The chosen C.
    pub c: f64,
    /// The penalized weights.
    pub weights: LengthWeights,
}

/// Fits as `alpaca_eval` 0.6.6 does. Takes and refuses the same as
/// [`crate::alpaca::length_controlled`], and fewer than five observations.
pub fn package_fit(
    preferences: &[f64],
    differences: &[f64],
    formula: LengthControlVariant,
) -> Result<PackageFit, Refusal> {
    let table = Table::new(preferences, differences, formula)?;
    let rows = table.observations();
    if rows.len() < FOLDS {
        return Err(Refusal::TooFew {
            n: rows.len(),
            needed: FOLDS,
        });
    }
    let c = choose(&rows);
    let weights = fit_l1(&rows, c, SEEDS[0]);
    let predictions: Vec<f64> = table.predict(&weights);
    let n = predictions.len() as f64;
    let mean = predictions.iter().sum::<f64>() / n;
    let squares: f64 = predictions.iter().map(|p| (p - mean).powi(2)).sum();
    Ok(PackageFit {
        win_rate: 100.0 * mean,
        prediction_error: 100.0 * (squares / (n - 1.0) / n).sqrt(),
        c,
        weights: LengthWeights::of_columns(&weights),
    })
}

/// C from 1e-4 to 1e4 in equal ratios with the highest mean score over folds, the smallest of equal
/// ones. Of n rows, row g is in fold `(n - 1 - g) mod 5`, as scikit-learn's `GroupKFold` deals
/// groups of equal size.
fn choose(rows: &[Observation]) -> f64 {
    let (mut highest, mut best) = (f64::NEG_INFINITY, 1.0);
    for (step, seed) in SEEDS.into_iter().enumerate() {
        let c = 10.0_f64.powf(-4.0 + 8.0 * step as f64 / (SEEDS.len() - 1) as f64);
        let mut score = 0.0;
        for fold in 0..FOLDS {
            let places = rows.iter().enumerate();
            let (test, train): (Vec<_>, Vec<_>) =
                places.partition(|(place, _)| (rows.len() - 1 - place) % FOLDS == fold);
            let train: Vec<Observation> = train.into_iter().map(|(_, row)| row.clone()).collect();
            let weights = fit_l1(&train, c, seed);
            let scores = test.iter().map(|(_, row)| log_likelihood(row, &weights));
            score += scores.sum::<f64>() / test.len() as f64 / FOLDS as f64;
        }
        if score > highest {
            (highest, best) = (score, c);
        }
    }
    best
}

fn log_likelihood(row: &Observation, weights: &[f64]) -> f64 {
    let p = sigmoid(dot(&row.x, weights)).clamp(CLIP, 1.0 - CLIP);
    row.weight * (row.y * p.ln() + (1.0 - row.y) * (1.0 - p).ln())
}
