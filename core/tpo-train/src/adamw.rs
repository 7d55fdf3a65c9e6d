//! `AdamW` on flat arrays.
//!
//! The same arithmetic as `torch.optim.AdamW`, in one pass over weights, gradient and both moments.
//! Every value is updated on its own, so the result does not depend on the number of threads.

use rayon::prelude::*;
use tpo_lm::params::Entry;

use crate::TrainConfig;

/// Values per task: a few pages of each array.
const CHUNK: usize = 1 << 14;

/// Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101), and its state.
///
/// At step `t` (from 1) with learning rate `a`, weight decay `w`, gradient `g`:
///
/// ```text
/// p = p * (1 - a * w)                      only tensors of two or more axes: norms and biases do
/// not decay m = b1 * m + (1 - b1) * g v = b2 * v + (1 - b2) * g^2 p = p - a / (1 - b1^t) * m /
/// (sqrt(v) / sqrt(1 - b2^t) + epsilon)
/// ```
#[derive(Debug, Clone)]
pub struct AdamW {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    /// The ranges of the tensors in every array.
    entries: Vec<Entry>,
    /// Steps taken: `t`.
    step: u32,
    /// First moment.
    m: Vec<f32>,
    /// Second moment.
    v: Vec<f32>,
}

/// The constants of one step for one tensor.
#[derive(Clone, Copy)]
struct Rates {
    keep: f32,
    one_minus_beta1: f32,
    beta2: f32,
    one_minus_beta2: f32,
    step_size: f32,
    root_correction: f32,
    epsilon: f32,
}

impl AdamW {
    /// A new optimizer of the tensors of `entries`, which are adjacent and begin at 0.
    pub fn new(config: &TrainConfig, entries: &[Entry]) -> Self {
        let len = entries.last().map_or(0, |entry| entry.range.end);
        Self {
            beta1: config.adam_beta1,
            beta2: config.adam_beta2,
            epsilon: config.adam_epsilon,
            weight_decay: config.weight_decay,
            entries: entries.to_vec(),
            step: 0,
            m: vec![0.0; len],
            v: vec![0.0; len],
        }
    }

    /// The ranges of the tensors.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes one step: updates `weights` by `gradient`, both laid out as the entries.
    pub fn step(&mut self, weights: &mut [f32], gradient: &[f32], learning_rate: f64) {
        self.step += 1;
        for entry in &self.entries {
            let weight_decay = if entry.shape.len() >= 2 {
                self.weight_decay
            } else {
                0.0
            };
            let rates = self.rates(learning_rate, weight_decay);
            let at = entry.range.clone();
            weights[at.clone()]
                .par_chunks_mut(CHUNK)
                .zip(gradient[at.clone()].par_chunks(CHUNK))
                .zip(self.m[at.clone()].par_chunks_mut(CHUNK))
                .zip(self.v[at].par_chunks_mut(CHUNK))
                .for_each(|(((weights, gradient), m), v)| update(rates, weights, gradient, m, v));
        }
    }

    fn rates(&self, learning_rate: f64, weight_decay: f64) -> Rates {
        let correction = |beta: f64| 1.0 - beta.powf(f64::from(self.step));
        Rates {
            keep: (1.0 - learning_rate * weight_decay) as f32,
            one_minus_beta1: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            one_minus_beta2: (1.0 - self.beta2) as f32,
            step_size: (learning_rate / correction(self.beta1)) as f32,
            root_correction: correction(self.beta2).sqrt() as f32,
            epsilon: self.epsilon as f32,
        }
    }
}

fn update(rates: Rates, weights: &mut [f32], gradient: &[f32], m: &mut [f32], v: &mut [f32]) {
    for (((p, &g), m), v) in weights.iter_mut().zip(gradient).zip(m).zip(v) {
        *m += rates.one_minus_beta1 * (g - *m);
        *v = rates.beta2 * *v + rates.one_minus_beta2 * (g * g);
        let scale = v.sqrt() / rates.root_correction + rates.epsilon;
        *p = *p * rates.keep - rates.step_size * (*m / scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix that decays and a norm that does not.
    fn entries() -> Vec<Entry> {
        let entry = |name: &str, shape: &[usize], range| Entry {
            name: name.into(),
            shape: shape.to_vec(),
            range,
        };
        vec![
            entry("proj.weight", &[2, 2], 0..4),
            entry("norm.weight", &[2], 4..6),
        ]
    }

    #[test]
    fn three_steps_are_those_of_torch() {
        // p = [tensor([[1.0, -2.0], [0.5, 3.0]]), tensor([1.0, 1.0])], all with requires_grad opt =
        // torch.optim.AdamW([{"params": p[:1], "weight_decay": 0.1}, {"params": p[1:],
        // "weight_decay": 0.0}],
        //                         lr=0.1, betas=(0.9, 0.95), eps=1e-8)
        // for t in (1, 2, 3): p[0].grad = tensor([[0.1, -0.2], [0.0, 4.0]]) * t; p[1].grad =
        // tensor([1.0, -1e-4]) * t
        let mut weights = [1.0, -2.0, 0.5, 3.0, 1.0, 1.0];
        let gradient = [0.1_f32, -0.2, 0.0, 4.0, 1.0, -1e-4];
        let mut optimizer = AdamW::new(&TrainConfig::default(), &entries());
        for t in [1.0, 2.0, 3.0] {
            optimizer.step(&mut weights, &gradient.map(|value| value * t), 0.1);
        }
        let expected = expected_after_three_steps();
        for (weight, expected) in weights.iter().zip(expected) {
            assert!(
                (f64::from(*weight) - expected).abs() < 1e-6,
                "{weights:?} is not {expected:?}"
            );
        }
    }

    /// The recurrence in `f64`, written out for one value at a time.
    fn expected_after_three_steps() -> [f64; 6] {
        let start: [(f64, f64, f64); 6] = [
            (1.0, 0.1, 0.1),
            (-2.0, -0.2, 0.1),
            (0.5, 0.0, 0.1),
            (3.0, 4.0, 0.1),
            (1.0, 1.0, 0.0),
            (1.0, -1e-4, 0.0),
        ];
        start.map(|(mut p, g, decay)| {
            let (mut m, mut v) = (0.0, 0.0);
            for t in 1..=3 {
                let g = g * f64::from(t);
                p *= 1.0 - 0.1 * decay;
                m = 0.9 * m + 0.1 * g;
                v = 0.95 * v + 0.05 * g * g;
                let (m_hat, v_hat) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.95_f64.powi(t)));
                p -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
            }
            p
        })
    }

    #[test]
    fn a_rate_of_zero_moves_nothing_but_the_moments() {
        let mut weights = [1.0; 6];
        let mut optimizer = AdamW::new(&TrainConfig::default(), &entries());
        optimizer.step(&mut weights, &[1.0; 6], 0.0);
        assert_eq!(weights.map(f32::to_bits), [1.0_f32; 6].map(f32::to_bits));
        assert!(
            optimizer
                .m
                .iter()
                .chain(&optimizer.v)
                .all(|moment| *moment > 0.0)
        );
    }
}
