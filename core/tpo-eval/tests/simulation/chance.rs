//! Random numbers for simulations.

use tpo_types::splitmix64;

/// Seeded random numbers.
pub(crate) struct Chance {
    seed: u64,
    counter: u64,
    second: Option<f64>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: 0,
            second: None,
        }
    }

    /// Uniform in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        let bits = splitmix64(self.seed, self.counter) >> 11;
        self.counter += 1;
        (bits as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.second = Some(radius * sin);
        radius * cos
    }

    /// Exponential with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// One of 1, 2, ..., n.
    pub(crate) fn one_to(&mut self, n: usize) -> usize {
        1 + ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// 1, 0.5 or 0 with these probabilities of the first two.
    pub(crate) fn win_or_tie(&mut self, win: f64, tie: f64) -> f64 {
        let u = self.uniform();
        if u < win {
            1.0
        } else if u < win + tie {
            0.5
        } else {
            0.0
        }
    }
}
