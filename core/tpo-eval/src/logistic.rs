//! Logistic regression with few columns and soft labels.

use crate::linear::solve;
use crate::refusal::Refusal;

/// Strength of the ridge that replaces a fit without a solution: `ridge / 2 |w|^2` is added to the
/// summed cross-entropy.
pub(crate) const RIDGE: f64 = 1e-3;
const MAX_STEPS: usize = 200;
/// Coefficients beyond this say that the labels can be separated: probabilities are 0 and 1 to
/// thirteen digits.
const SEPARATED: f64 = 30.0;

/// One observation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Observation {
    /// One value per column.
    pub(crate) x: Vec<f64>,
    /// Label in [0, 1].
    pub(crate) y: f64,
    /// Weight, > 0.
    pub(crate) weight: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// One coefficient per column.
    pub(crate) weights: Vec<f64>,
    /// Second derivative of the objective there, row by row.
    pub(crate) hessian: Vec<f64>,
    /// Whether a ridge was needed.
    pub(crate) ridge: bool,
}

/// `1 / (1 + e^-x)`.
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The maximum-likelihood fit by Newton's method; with the ridge if that has no finite solution.
///
/// Refuses an empty list, and columns that are copies of each other.
pub(crate) fn fit(rows: &[Observation]) -> Result<Fit, Refusal> {
    let columns = rows.first().ok_or(Refusal::Empty)?.x.len();
    let zero = vec![0.0; columns];
    // At 0 every row has the same curvature, so a singular matrix there is the fault of the
    // columns.
    let at_zero = derivatives(rows, &zero, 0.0);
    if solve(at_zero.hessian, zero).is_none() {
        return Err(Refusal::Collinear);
    }
    newton(rows, columns, 0.0)
        .or_else(|| newton(rows, columns, RIDGE))
        .ok_or(Refusal::NotConverged)
}

fn newton(rows: &[Observation], columns: usize, ridge: f64) -> Option<Fit> {
    let mut weights = vec![0.0; columns];
    let mut now = objective(rows, &weights, ridge);
    for _ in 0..MAX_STEPS {
        let Derivatives { gradient, hessian } = derivatives(rows, &weights, ridge);
        let step = solve(hessian.clone(), gradient.clone())?;
        let decrement = dot(&gradient, &step);
        if !decrement.is_finite() {
            return None;
        }
        // Near the solution full steps are right, and rounding hides what they gain.
        let near = decrement <= 1e-8 * now.abs().max(1.0);
        let moved = |scale: f64| -> Vec<f64> {
            let pairs = weights.iter().zip(&step);
            pairs.map(|(w, s)| w - scale * s).collect()
        };
        let mut scale = 1.0;
        while !near
            && objective(rows, &moved(scale), ridge) > now - 1e-4 * scale * decrement
            && scale > 1e-10
        {
            scale *= 0.5;
        }
        let converged = near && step.iter().all(|step| step.abs() < 1e-10);
        weights = moved(scale);
        now = objective(rows, &weights, ridge);
        let largest = weights
            .iter()
            .fold(0.0_f64, |largest, w| largest.max(w.abs()));
        if ridge == 0.0 && largest > SEPARATED {
            return None;
        }
        if converged {
            return Some(Fit {
                weights,
                hessian,
                ridge: ridge > 0.0,
            });
        }
    }
    None
}

/// Weighted cross-entropy of the labels plus the ridge.
pub(crate) fn objective(rows: &[Observation], weights: &[f64], ridge: f64) -> f64 {
    let loss: f64 = rows
        .iter()
        .map(|row| {
            let logit = dot(&row.x, weights);
            row.weight * (softplus(logit) - row.y * logit)
        })
        .sum();
    loss + 0.5 * ridge * dot(weights, weights)
}

/// Derivatives of the objective.
pub(crate) struct Derivatives {
    pub(crate) gradient: Vec<f64>,
    /// Row by row.
    pub(crate) hessian: Vec<f64>,
}

pub(crate) fn derivatives(rows: &[Observation], weights: &[f64], ridge: f64) -> Derivatives {
    let n = weights.len();
    let mut gradient: Vec<f64> = weights.iter().map(|w| ridge * w).collect();
    let mut hessian = vec![0.0; n * n];
    for row in rows {
        let p = sigmoid(dot(&row.x, weights));
        let curve = row.weight * p * (1.0 - p);
        for i in 0..n {
            gradient[i] += row.weight * (p - row.y) * row.x[i];
            for j in 0..n {
                hessian[i * n + j] += curve * row.x[i] * row.x[j];
            }
        }
    }
    (0..n).for_each(|i| hessian[i * n + i] += ridge);
    Derivatives { gradient, hessian }
}
