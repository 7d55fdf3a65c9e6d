//! Log-probabilities of given tokens, without the logits of a whole pack in memory.
//!
//! `log_prob = logits[target] - log_sum_exp(logits)` with `logits = hidden table^T`. A pack of 4096
//! tokens and a vocabulary of 49152 would need 800 MB of logits, so they are computed a few rows at
//! a time, and again in the backward pass.

use rayon::prelude::*;

use crate::kernels::exp::exp_minus;
use crate::kernels::gemm::Write;
use crate::kernels::linear::Products;
use crate::kernels::reserve;
use crate::kernels::softmax::log_sum_exp;

/// Rows of logits in memory at a time.
const ROWS: usize = 256;
/// The same with tiles: packing the head costs as much as multiplying some hundred rows.
const ROWS_OF_TILES: usize = 768;

/// Hidden states after the final norm, and the token that each predicts.
#[derive(Clone, Copy)]
pub(crate) struct ScoredTokens<'a> {
    /// Hidden states. (T, D)
    pub hidden: &'a [f32],
    /// Tokens. (T)
    pub targets: &'a [u32],
    /// The output head. (V, D)
    pub table: &'a [f32],
    /// `D`.
    pub width: usize,
    /// How the products with the head are computed.
    pub products: Products,
}

/// Log-probabilities of the targets, and the log-sum-exps of their logits.
#[derive(Debug, Default)]
pub(crate) struct LogProbs {
    /// One per target. (T)
    pub values: Vec<f32>,
    /// One per target. (T)
    pub lse: Vec<f32>,
}

/// The gradients that the head's backward pass computes.
pub(crate) struct HeadGradient<'a> {
    /// Overwritten. (T, D)
    pub d_hidden: &'a mut [f32],
    /// Added to, if the head is trained. (V, D)
    pub d_table: Option<&'a mut [f32]>,
}

impl<'a> ScoredTokens<'a> {
    /// Rows of logits in memory at a time.
    fn rows(self) -> usize {
        match self.products {
            Products::F32 => ROWS,
            Products::Tiles(_) => ROWS_OF_TILES,
        }
    }

    /// The rows, a few at a time.
    fn chunks(self) -> impl Iterator<Item = (&'a [f32], &'a [u32])> {
        self.hidden
            .chunks(self.rows() * self.width)
            .zip(self.targets.chunks(self.rows()))
    }

    /// Logits of some rows. (rows, V)
    fn logits<'b>(self, hidden: &[f32], buffer: &'b mut Vec<f32>) -> &'b mut [f32] {
        let vocabulary = self.table.len() / self.width;
        reserve(buffer, hidden.len() / self.width * vocabulary);
        self.products
            .linear(buffer, Write::Set, hidden, self.table, self.width);
        buffer
    }

    /// The log-probabilities; `logits` is scratch.
    pub(crate) fn log_probs(self, logits: &mut Vec<f32>, log_probs: &mut LogProbs) {
        let vocabulary = self.table.len() / self.width;
        let LogProbs { values, lse } = log_probs;
        values.clear();
        lse.clear();
        for (hidden, targets) in self.chunks() {
            let logits = self.logits(hidden, logits);
            let rows = logits.par_chunks_exact(vocabulary);
            let scored: Vec<(f32, f32)> = rows
                .zip(targets)
                .map(|(row, target)| {
                    let row_lse = log_sum_exp(row);
                    (row[*target as usize] - row_lse, row_lse)
                })
                .collect();
            values.extend(scored.iter().map(|row| row.0));
            lse.extend(scored.iter().map(|row| row.1));
        }
    }

    /// The gradient: `d_logits = d * (onehot(target) - softmax(logits))`; `logits` is scratch.
    pub(crate) fn vjp(
        self,
        lse: &[f32],
        d_log_probs: &[f32],
        gradient: HeadGradient<'_>,
        logits: &mut Vec<f32>,
    ) {
        let HeadGradient {
            d_hidden,
            mut d_table,
        } = gradient;
        let vocabulary = self.table.len() / self.width;
        let derivatives = lse.chunks(self.rows()).zip(d_log_probs.chunks(self.rows()));
        let chunks = self
            .chunks()
            .zip(derivatives)
            .zip(d_hidden.chunks_mut(self.rows() * self.width));
        for (((hidden, targets), (lse, d_log_probs)), d_hidden) in chunks {
            let logits = self.logits(hidden, logits);
            let rows = logits.par_chunks_exact_mut(vocabulary).zip(targets);
            rows.zip(lse)
                .zip(d_log_probs)
                .for_each(|(((row, target), row_lse), d)| {
                    exp_minus(row, *row_lse);
                    for p in &mut *row {
                        *p *= -d;
                    }
                    row[*target as usize] += d;
                });
            self.products
                .d_x(d_hidden, Write::Set, logits, self.table, self.width);
            if let Some(d_table) = d_table.as_deref_mut() {
                self.products.d_w(d_table, logits, hidden, self.width);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Counter;

    fn random(len: usize, purpose: &str) -> Vec<f32> {
        let counter = Counter::new(13, purpose);
        (0..len)
            .map(|at| (2.0 * counter.unit(at as u64) - 1.0) as f32)
            .collect()
    }

    /// Row by row and in `f64`, straight from the formulas.
    fn naive(scored: ScoredTokens<'_>, d_log_probs: &[f32]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let width = scored.width;
        let (mut log_probs, mut d_hidden) = (Vec::new(), Vec::new());
        let mut d_table = vec![0.0; scored.table.len()];
        for (t, (hidden, target)) in scored
            .hidden
            .chunks_exact(width)
            .zip(scored.targets)
            .enumerate()
        {
            let product = |row: &[f32]| {
                row.iter()
                    .zip(hidden)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum()
            };
            let logits: Vec<f64> = scored.table.chunks_exact(width).map(product).collect();
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            log_probs.push(logits[*target as usize] - sum.ln());
            let mut d = vec![0.0; width];
            for (v, (logit, row)) in logits
                .iter()
                .zip(scored.table.chunks_exact(width))
                .enumerate()
            {
                let onehot = f64::from(u8::from(v == *target as usize));
                let d_logit = f64::from(d_log_probs[t]) * (onehot - logit.exp() / sum);
                for at in 0..width {
                    d[at] += d_logit * f64::from(row[at]);
                    d_table[v * width + at] += d_logit * f64::from(hidden[at]);
                }
            }
            d_hidden.extend(d);
        }
        (log_probs, d_hidden, d_table)
    }

    #[test]
    fn chunks_match_the_formulas() {
        let (rows, width, vocabulary) = (ROWS + 45, 5, 11);
        let hidden = random(rows * width, "hidden");
        let table = random(vocabulary * width, "table");
        let targets: Vec<u32> = (0..rows).map(|row| (row * 7 % vocabulary) as u32).collect();
        let d_log_probs = random(rows, "d_log_probs");
        let scored = ScoredTokens {
            hidden: &hidden,
            targets: &targets,
            table: &table,
            width,
            products: Products::F32,
        };
        let (log_probs, d_hidden, d_table) = naive(scored, &d_log_probs);

        let (mut logits, mut actual) = (Vec::new(), LogProbs::default());
        scored.log_probs(&mut logits, &mut actual);
        let (mut actual_d_hidden, mut actual_d_table) =
            (vec![9.0; hidden.len()], vec![1.0; table.len()]);
        let gradient = HeadGradient {
            d_hidden: &mut actual_d_hidden,
            d_table: Some(&mut actual_d_table),
        };
        scored.vjp(&actual.lse, &d_log_probs, gradient, &mut logits);
        for value in &mut actual_d_table {
            *value -= 1.0; // it was added to ones
        }
        for (actual, expected) in [
            (&actual.values, log_probs),
            (&actual_d_hidden, d_hidden),
            (&actual_d_table, d_table),
        ] {
            for (actual, expected) in actual.iter().zip(expected) {
                assert!(
                    (f64::from(*actual) - expected).abs() < 1e-4,
                    "{actual}, not {expected}"
                );
            }
        }
    }
}
