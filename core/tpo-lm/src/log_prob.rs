//! Log-probabilities of given tokens, without the logits of a whole pack ever existing.
//!
//! `log_prob = logits[target] - log_sum_exp(logits)` with `logits = hidden table^T`. A pack of 4096 tokens and a
//! vocabulary of 49152 would need 800 MB of logits; here a few rows exist at a time. The backward pass makes them again,
//! because what it needs of them is known only when the loss is.

use rayon::prelude::*;

use crate::kernels::exp::exp_minus;
use crate::kernels::gemm::{Write, linear, linear_d_w, linear_d_x};
use crate::kernels::softmax::log_sum_exp;

/// Rows of logits that exist at a time.
const ROWS: usize = 256;

/// What is scored: hidden states after the last norm, and the token each should predict.
#[derive(Clone, Copy)]
pub(crate) struct Scored<'a> {
    /// Hidden states. (T, D)
    pub hidden: &'a [f32],
    /// Tokens. (T)
    pub targets: &'a [u32],
    /// The output head. (V, D)
    pub table: &'a [f32],
    /// `D`.
    pub width: usize,
}

/// Log-probabilities of the targets and the log-sum-exps they were made with.
#[derive(Debug)]
pub(crate) struct LogProbs {
    /// One per target. (T)
    pub values: Vec<f32>,
    /// One per target. (T)
    pub log_sums: Vec<f32>,
}

impl<'a> Scored<'a> {
    /// The rows, a few at a time.
    fn chunks(self) -> impl Iterator<Item = (&'a [f32], &'a [u32])> {
        self.hidden.chunks(ROWS * self.width).zip(self.targets.chunks(ROWS))
    }

    /// Logits of some rows. (rows, V)
    fn logits<'b>(self, hidden: &[f32], buffer: &'b mut Vec<f32>) -> &'b mut [f32] {
        let vocabulary = self.table.len() / self.width;
        buffer.resize(hidden.len() / self.width * vocabulary, 0.0);
        linear(buffer, Write::Set, hidden, self.table, self.width);
        buffer
    }

    /// The log-probabilities.
    pub(crate) fn log_probs(self) -> LogProbs {
        let vocabulary = self.table.len() / self.width;
        let mut buffer = Vec::new();
        let (mut values, mut log_sums) = (Vec::new(), Vec::new());
        for (hidden, targets) in self.chunks() {
            let logits = self.logits(hidden, &mut buffer);
            let rows = logits.par_chunks_exact(vocabulary);
            let scored: Vec<(f32, f32)> = rows
                .zip(targets)
                .map(|(row, target)| {
                    let log_sum = log_sum_exp(row);
                    (row[*target as usize] - log_sum, log_sum)
                })
                .collect();
            values.extend(scored.iter().map(|row| row.0));
            log_sums.extend(scored.iter().map(|row| row.1));
        }
        LogProbs { values, log_sums }
    }

    /// The gradient: `d_logits = d * (onehot(target) - softmax(logits))`. Overwrites `d_hidden` (T, D) and adds to
    /// `d_table` (V, D) where there is one.
    pub(crate) fn vjp(
        self,
        log_sums: &[f32],
        d_log_probs: &[f32],
        d_hidden: &mut [f32],
        mut d_table: Option<&mut [f32]>,
    ) {
        let vocabulary = self.table.len() / self.width;
        let mut buffer = Vec::new();
        let derivatives = log_sums.chunks(ROWS).zip(d_log_probs.chunks(ROWS));
        let chunks = self.chunks().zip(derivatives).zip(d_hidden.chunks_mut(ROWS * self.width));
        for (((hidden, targets), (log_sums, d_log_probs)), d_hidden) in chunks {
            let logits = self.logits(hidden, &mut buffer);
            let rows = logits.par_chunks_exact_mut(vocabulary).zip(targets);
            rows.zip(log_sums).zip(d_log_probs).for_each(|(((row, target), log_sum), d)| {
                exp_minus(row, *log_sum);
                for p in &mut *row {
                    *p *= -d;
                }
                row[*target as usize] += d;
            });
            linear_d_x(d_hidden, Write::Set, logits, self.table, self.width);
            if let Some(d_table) = d_table.as_deref_mut() {
                linear_d_w(d_table, logits, hidden, self.width);
            }
        }
    }
}
