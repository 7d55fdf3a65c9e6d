//! The learning rate schedule: linear warm-up, then cosine decay.
//!
//! With `min_lr_ratio = 0` the rates are those of transformers' `get_cosine_schedule_with_warmup`;
//! otherwise of `get_cosine_with_min_lr_schedule_with_warmup`.

use crate::TrainConfig;

/// The learning rate of every step.
///
/// With `w` warm-up steps of `n`, peak `p` and floor `f * p`, step `i` (from 0) has the rate
///
/// ```text
/// i < w:  p * i / w
/// else:   p * (f + (1 - f) * (1 + cos(pi * (i - w) / (n - w))) / 2)
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    peak: f64,
    warmup_steps: usize,
    total_steps: usize,
    min_lr_ratio: f64,
}

impl Schedule {
    /// The schedule of `total_steps` steps. Warm-up is rounded down: transformers rounds up, and
    /// the only step of a run would have rate 0.
    pub fn new(config: &TrainConfig, total_steps: usize) -> Self {
        let warmup_steps = (config.warmup_ratio * total_steps as f64) as usize;
        Self {
            peak: config.learning_rate(),
            warmup_steps,
            total_steps,
            min_lr_ratio: config.min_lr_ratio,
        }
    }

    /// The learning rate of a step, from 0.
    pub fn learning_rate(&self, step: usize) -> f64 {
        if step < self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let done = (step - self.warmup_steps) as f64
            / (self.total_steps - self.warmup_steps).max(1) as f64;
        let cosine = f64::midpoint(1.0, (std::f64::consts::PI * done.min(1.0)).cos());
        self.peak * (self.min_lr_ratio + (1.0 - self.min_lr_ratio) * cosine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(config: &TrainConfig, total_steps: usize) -> Vec<f64> {
        let schedule = Schedule::new(config, total_steps);
        (0..total_steps)
            .map(|step| schedule.learning_rate(step))
            .collect()
    }

    fn assert_close(rates: &[f64], expected: &[f64]) {
        assert_eq!(rates.len(), expected.len());
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate - expected).abs() < 1e-12, "{rates:?}");
        }
    }

    #[test]
    fn it_rises_from_zero_and_falls_as_half_a_cosine() {
        let config = TrainConfig {
            learning_rate: Some(1.0),
            warmup_ratio: 0.25,
            ..Default::default()
        };
        // get_cosine_schedule_with_warmup(optimizer, num_warmup_steps=2, num_training_steps=8)
        let falling = [1.0, 0.933_012_701_892, 0.75, 0.5, 0.25, 0.066_987_298_108];
        assert_close(&rates(&config, 8), &[&[0.0, 0.5], &falling[..]].concat());
    }

    #[test]
    fn it_ends_at_the_floor() {
        let config = TrainConfig {
            learning_rate: Some(2.0),
            warmup_ratio: 0.0,
            min_lr_ratio: 0.2,
            ..Default::default()
        };
        assert_close(&rates(&config, 2), &[2.0, 1.2]);
        assert!((Schedule::new(&config, 2).learning_rate(2) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn a_single_step_is_not_spent_on_warming_up() {
        let config = TrainConfig {
            learning_rate: Some(1e-6),
            warmup_ratio: 0.1,
            ..Default::default()
        };
        assert_close(&rates(&config, 1), &[1e-6]);
    }
}
