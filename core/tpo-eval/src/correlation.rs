//! Whether two quantities go together, such as length and score.

use crate::distributions::normal_cdf;
use crate::interval::{Interval, IntervalMethod};
use crate::rates::z;
use crate::refusal::{Refusal, all_finite, same_length};

/// Pearson's correlation with a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// Pearson's r.
    pub r: f64,
    /// Slope of the least-squares line, in units of y per unit of x.
    pub slope: f64,
    /// Fisher's interval, `tanh(atanh(r) ± 1.96 / sqrt(n - 3))`; refused below four pairs and for a
    /// perfect line.
    pub interval: Result<Interval, Refusal>,
    /// Two-sided p of `atanh(r) sqrt(n - 3)` as a normal variable, where the interval exists.
    pub p_value: Option<f64>,
}

/// Pearson's correlation of y with x.
///
/// Refuses different lengths, fewer than two pairs, values that are not finite, and a list whose
/// values are all equal.
pub fn pearson(x: &[f64], y: &[f64]) -> Result<Correlation, Refusal> {
    let moments = Moments::of(&center(x)?, &center(y)?, x.len(), y.len())?;
    let r = moments.r();
    let interval = fisher(r, x.len());
    let error = 1.0 / (x.len().saturating_sub(3) as f64).sqrt();
    let p_value = interval
        .is_ok()
        .then(|| (2.0 * normal_cdf(-(r.atanh() / error).abs())).min(1.0));
    Ok(Correlation {
        r,
        slope: moments.slope(),
        interval,
        p_value,
    })
}

/// Spearman's correlation: Pearson's of the ranks, equal values sharing their mean rank. Refuses
/// what [`pearson`] refuses.
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64, Refusal> {
    all_finite(x)?;
    all_finite(y)?;
    Ok(pearson(&ranks(x), &ranks(y))?.r)
}

/// Correlation and slope within instructions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WithinCorrelation {
    /// Pearson's r after both quantities were centered per instruction.
    pub r: f64,
    /// Slope of y per unit of x within instructions.
    pub slope: f64,
}

/// The correlation of two quantities over the samples of each instruction, both centered per
/// instruction: pooled values mix in how hard the instructions are.
///
/// `x` and `y` have a list per instruction with one value per sample. Refuses different lengths,
/// values that are not finite, and quantities that do not vary within instructions.
pub fn within_instructions(x: &[Vec<f64>], y: &[Vec<f64>]) -> Result<WithinCorrelation, Refusal> {
    same_length(x.len(), y.len())?;
    let (mut centered_x, mut centered_y) = (Vec::new(), Vec::new());
    for (x, y) in x.iter().zip(y) {
        same_length(x.len(), y.len())?;
        centered_x.extend(center(x)?);
        centered_y.extend(center(y)?);
    }
    let moments = Moments::of(&centered_x, &centered_y, centered_x.len(), centered_y.len())?;
    Ok(WithinCorrelation {
        r: moments.r(),
        slope: moments.slope(),
    })
}

/// Sums of squares and products of centered values.
struct Moments {
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    fn of(x: &[f64], y: &[f64], x_len: usize, y_len: usize) -> Result<Self, Refusal> {
        same_length(x_len, y_len)?;
        if x.len() < 2 {
            let n = x.len();
            return Err(Refusal::TooFew { n, needed: 2 });
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (xx, yy) = (dot(x, x), dot(y, y));
        if xx == 0.0 || yy == 0.0 {
            return Err(Refusal::NoSpread);
        }
        Ok(Self {
            xx,
            yy,
            xy: dot(x, y),
        })
    }

    fn r(&self) -> f64 {
        (self.xy / (self.xx.sqrt() * self.yy.sqrt())).clamp(-1.0, 1.0)
    }

    fn slope(&self) -> f64 {
        self.xy / self.xx
    }
}

/// Values minus their mean; equal values give zeros, whatever rounding does to their mean.
fn center(values: &[f64]) -> Result<Vec<f64>, Refusal> {
    all_finite(values)?;
    let Some(&first) = values.first() else {
        return Ok(Vec::new());
    };
    if values.iter().all(|&value| value == first) {
        return Ok(vec![0.0; values.len()]);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok(values.iter().map(|value| value - mean).collect())
}

fn fisher(r: f64, n: usize) -> Result<Interval, Refusal> {
    if n < 4 {
        return Err(Refusal::TooFew { n, needed: 4 });
    }
    if r.abs() > 1.0 - 1e-12 {
        return Err(Refusal::NoSpread);
    }
    let (center, half) = (r.atanh(), z() / (n as f64 - 3.0).sqrt());
    Ok(Interval {
        low: (center - half).tanh(),
        high: (center + half).tanh(),
        method: IntervalMethod::Normal,
    })
}

/// Ranks from 1, equal values sharing the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let below = order
            .iter()
            .filter(|&&place| values[place] < values[equal[0]])
            .count();
        let rank = below as f64 + f64::midpoint(1.0, equal.len() as f64);
        for &place in equal {
            ranks[place] = rank;
        }
    }
    ranks
}
