//! The length-controlled win rate by maximum likelihood.
//!
//! `logit P(model wins on i) = theta tanh(d_i / s) + psi gamma_i + phi`, where `d_i` is the
//! baseline's length minus the model's, `s` the standard deviation of d, and `gamma_i` the
//! difficulty of the instruction; the win rate is the mean over instructions without the first term
//! (Dubois et al. 2024, "Length-controlled AlpacaEval"). The package penalizes all three weights,
//! which can set phi to 0 on small sets; this fit has no penalty.

use crate::alpaca::outcome;
use crate::estimate::sample_variance;
use crate::linear::solve;
use crate::logistic::{Fit, Observation, dot, fit, sigmoid};
use crate::refusal::{Refusal, all_finite, same_length};

/// Weight of one anchor row: the package's 0.2, shared by its two anchors per instruction.
pub(crate) const ANCHOR_WEIGHT: f64 = 0.1;

/// Which formula to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LengthControlVariant<'a> {
    /// Length and model. The only one for sets without published difficulties.
    Minimal,
    /// Length, difficulty and model.
    NoReg {
        /// Difficulty of each instruction.
        difficulty: &'a [f64],
    },
    /// Length, difficulty and model, with the slope of length tied to that of the baseline when
    /// told to be concise or verbose.
    V1 {
        /// Difficulty of each instruction.
        difficulty: &'a [f64],
        /// Comparisons of the baseline with itself at other lengths.
        anchors: &'a [Anchor],
    },
}

/// The baseline, told to be concise or verbose, against itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchor {
    /// Difference of lengths in units of its own standard deviation.
    pub scaled_difference: f64,
    /// Difficulty of the instruction.
    pub difficulty: f64,
    /// P(it wins against the plain baseline).
    pub outcome: f64,
}

impl LengthControlVariant<'_> {
    /// The package's name of the formula; a name of ours should contain it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Minimal => "length_controlled_minimal",
            Self::NoReg { .. } => "length_controlled_noreg",
            Self::V1 { .. } => "length_controlled_v1",
        }
    }
}

/// Weights of the formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LengthWeights {
    /// theta; negative for a judge that likes length.
    pub length: f64,
    /// psi, where the formula has it.
    pub difficulty: Option<f64>,
    /// phi.
    pub model: f64,
}

impl LengthWeights {
    /// From the columns of a fit.
    pub(crate) fn of_columns(weights: &[f64]) -> Self {
        Self {
            length: weights[0],
            difficulty: (weights.len() == 3).then(|| weights[1]),
            model: weights[weights.len() - 1],
        }
    }
}

/// A length-controlled win rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LengthControlled {
    /// Mean P(model wins) at equal length, in points.
    pub win_rate: f64,
    /// Its standard error by the influence function, in points; none for one instruction or after a
    /// ridge. The package's `lc_standard_error` is another quantity, which leaves the error of the
    /// fit out.
    pub standard_error: Option<f64>,
    /// The fitted weights.
    pub weights: LengthWeights,
    /// Whether the likelihood had no maximum (as when all are won), so that a ridge of 1e-3
    /// decided.
    pub ridge: bool,
    /// Whether it is so far from the raw win rate w that the fit may have failed: outside `[min(w -
    /// w/4, w - 10), max(w + (100 - w)/4, w + 10)]`.
    pub extreme: bool,
}

/// Length-controlled win rate of preferences in [1, 2]; NaN and what lies outside is predicted but
/// not fitted. `differences` are characters of the baseline's response minus the model's.
///
/// The standard error takes anchors as given. Refuses lists of different lengths, fewer than two
/// instructions, differences of length that are all equal, and an empty fit.
pub fn length_controlled(
    preferences: &[f64],
    differences: &[f64],
    formula: LengthControlVariant,
) -> Result<LengthControlled, Refusal> {
    let table = Table::new(preferences, differences, formula)?;
    let fit = fit(&table.observations())?;
    let predictions: Vec<f64> = table.predict(&fit.weights);
    let mean = predictions.iter().sum::<f64>() / predictions.len() as f64;
    let raw = crate::alpaca::raw_win_rate(preferences)?.win_rate;
    let standard_error = if fit.ridge {
        None
    } else {
        table.influence_error(&fit, &predictions, mean)
    };
    Ok(LengthControlled {
        win_rate: 100.0 * mean,
        standard_error,
        weights: LengthWeights::of_columns(&fit.weights),
        ridge: fit.ridge,
        extreme: is_extreme(raw, 100.0 * mean),
    })
}

fn is_extreme(raw: f64, controlled: f64) -> bool {
    let low = (raw - raw / 4.0).min(raw - 10.0);
    let high = (raw + (100.0 - raw) / 4.0).max(raw + 10.0);
    !(low..=high).contains(&controlled)
}

/// The columns of the formula.
pub(crate) struct Table<'a> {
    formula: LengthControlVariant<'a>,
    /// P(model wins), where it counts.
    outcomes: Vec<Option<f64>>,
    /// `tanh(d / s)`.
    length: Vec<f64>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        preferences: &[f64],
        differences: &[f64],
        formula: LengthControlVariant<'a>,
    ) -> Result<Self, Refusal> {
        same_length(preferences.len(), differences.len())?;
        all_finite(differences)?;
        let n = preferences.len();
        if n < 2 {
            return Err(Refusal::TooFew { n, needed: 2 });
        }
        if let LengthControlVariant::NoReg { difficulty }
        | LengthControlVariant::V1 { difficulty, .. } = formula
        {
            same_length(n, difficulty.len())?;
            all_finite(difficulty)?;
        }
        if let LengthControlVariant::V1 { anchors, .. } = formula {
            for anchor in anchors {
                all_finite(&[anchor.scaled_difference, anchor.difficulty])?;
                crate::Scale::UNIT.check(&[anchor.outcome])?;
            }
        }
        let scale = sample_variance(differences).sqrt();
        if differences.iter().all(|&d| d == differences[0]) || scale == 0.0 {
            return Err(Refusal::NoSpread);
        }
        Ok(Self {
            formula,
            outcomes: preferences.iter().map(|p| outcome(*p)).collect(),
            length: differences.iter().map(|d| (d / scale).tanh()).collect(),
        })
    }

    /// Columns of a row: length, difficulty where the formula has it, model.
    fn columns(&self, length: f64, difficulty: f64, model: f64) -> Vec<f64> {
        match self.formula {
            LengthControlVariant::Minimal => vec![length, model],
            LengthControlVariant::NoReg { .. } | LengthControlVariant::V1 { .. } => {
                vec![length, difficulty, model]
            }
        }
    }

    fn difficulty(&self, row: usize) -> f64 {
        match self.formula {
            LengthControlVariant::Minimal => 0.0,
            LengthControlVariant::NoReg { difficulty }
            | LengthControlVariant::V1 { difficulty, .. } => difficulty[row],
        }
    }

    fn row(&self, row: usize) -> Vec<f64> {
        self.columns(self.length[row], self.difficulty(row), 1.0)
    }

    fn at_equal_length(&self, row: usize) -> Vec<f64> {
        self.columns(0.0, self.difficulty(row), 1.0)
    }

    /// Anchors, then the instructions that have an outcome.
    pub(crate) fn observations(&self) -> Vec<Observation> {
        let anchors = match self.formula {
            LengthControlVariant::V1 { anchors, .. } => anchors,
            LengthControlVariant::Minimal | LengthControlVariant::NoReg { .. } => &[],
        };
        let anchored = anchors.iter().map(|anchor| Observation {
            x: self.columns(anchor.scaled_difference.tanh(), anchor.difficulty, 0.0),
            y: anchor.outcome,
            weight: ANCHOR_WEIGHT,
        });
        let own = self
            .outcomes
            .iter()
            .enumerate()
            .filter_map(|(row, outcome)| {
                Some(Observation {
                    x: self.row(row),
                    y: (*outcome)?,
                    weight: 1.0,
                })
            });
        anchored.chain(own).collect()
    }

    /// P(model wins) at equal length, per instruction.
    pub(crate) fn predict(&self, weights: &[f64]) -> Vec<f64> {
        let rows = 0..self.outcomes.len();
        rows.map(|row| sigmoid(dot(&self.at_equal_length(row), weights)))
            .collect()
    }

    /// `sqrt(sum inf^2 / (n (n - 1)))` with `inf_i = p_i - LC + g' H^-1 x_i (y_i - mu_i)`, H the
    /// mean curvature and `g = mean p (1 - p) x0`, in points.
    fn influence_error(&self, fit: &Fit, predictions: &[f64], mean: f64) -> Option<f64> {
        let weights = &fit.weights;
        let n = predictions.len() as f64;
        let mut slope = vec![0.0; weights.len()];
        for (row, p) in predictions.iter().enumerate() {
            let columns = self.at_equal_length(row);
            for (slope, x) in slope.iter_mut().zip(columns) {
                *slope += p * (1.0 - p) * x / n;
            }
        }
        let mean_hessian = fit.hessian.iter().map(|h| h / n).collect();
        let direction = solve(mean_hessian, slope)?;
        let squares: f64 = predictions
            .iter()
            .enumerate()
            .map(|(row, p)| {
                let columns = self.row(row);
                let residual = self.outcomes[row].map(|y| y - sigmoid(dot(&columns, weights)));
                let pull = residual.map_or(0.0, |residual| residual * dot(&direction, &columns));
                (p - mean + pull).powi(2)
            })
            .sum();
        let error = (squares / (n * (n - 1.0))).sqrt();
        (error > 0.0).then_some(100.0 * error)
    }
}
