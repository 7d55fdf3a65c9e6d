//! Rotary position embeddings (Su et al., "RoFormer", arXiv 2104.09864), in the half-rotation form
//! of Hugging Face models.
//!
//! Channel `i` of a head and channel `i + head_dim / 2` are rotated together by `position *
//! theta^(-2i / head_dim)`. A rotation is orthogonal, so its gradient is the rotation by the
//! opposite angle.

use std::f32::consts::TAU;

use pulp::{Arch, Simd};

use super::{row_tasks, row_tasks_mut, team};
use crate::spec::{Llama3RopeScaling, ModelSpec};

/// The direction of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// By the position's angle: the forward pass.
    Forward,
    /// By the opposite angle: the gradient.
    Backward,
}

/// Cosines and sines of every angle up to a number of positions.
#[derive(Debug)]
pub(crate) struct Rotary {
    /// Channels per head.
    head_dim: usize,
    /// Cosine and sine of each pair of channels. `(positions, head_dim / 2)`
    angles: Vec<Angle>,
}

/// A rotation.
#[derive(Debug, Clone, Copy)]
struct Angle {
    cos: f32,
    sin: f32,
}

impl Rotary {
    /// Angles for positions `0..positions`.
    pub(crate) fn new(spec: &ModelSpec, positions: usize) -> Self {
        let frequencies = frequencies(spec);
        let angles = (0..positions)
            .flat_map(|position| {
                frequencies.iter().map(move |frequency| {
                    // The angle is rounded to f32, as in transformers.
                    let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                    Angle {
                        cos: cos as f32,
                        sin: sin as f32,
                    }
                })
            })
            .collect();
        Self {
            head_dim: spec.head_dim,
            angles,
        }
    }

    /// Rotates the heads in the first `columns` columns of every row by the row's position. `rows`
    /// is (T, width).
    pub(crate) fn apply(
        &self,
        rows: &mut [f32],
        width: usize,
        columns: usize,
        positions: &[u32],
        direction: Direction,
    ) {
        let half = self.head_dim / 2;
        let sign = if direction == Direction::Forward {
            1.0
        } else {
            -1.0
        };
        let tasks = row_tasks_mut(rows, width).zip(row_tasks(positions, 1));
        team::for_each(tasks, |(rows, positions)| {
            for (row, position) in rows.chunks_exact_mut(width).zip(positions) {
                let angles = &self.angles[*position as usize * half..][..half];
                rotate(&mut row[..columns], self.head_dim, angles, sign);
            }
        });
    }
}

/// Rotates the heads of a row.
#[pulp::with_simd(rotate = Arch::new())]
#[inline(always)]
fn rotate_with<'a, S: Simd>(
    _: S,
    row: &'a mut [f32],
    head_dim: usize,
    angles: &'a [Angle],
    sign: f32,
) {
    for head in row.chunks_exact_mut(head_dim) {
        let (first, second) = head.split_at_mut(head_dim / 2);
        for ((a, b), Angle { cos, sin }) in first.iter_mut().zip(second).zip(angles) {
            let sin = sign * sin;
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}

/// `theta^(-2i / head_dim)` for each pair of channels, with the model's RoPE scaling.
fn frequencies(spec: &ModelSpec) -> Vec<f32> {
    let theta = f64::from(spec.rope_theta);
    // Rounded between the power and the division, as in transformers.
    let frequency = |pair: usize| 1.0 / theta.powf(2.0 * pair as f64 / spec.head_dim as f64) as f32;
    let plain = (0..spec.head_dim / 2).map(frequency);
    match &spec.rope_scaling {
        None => plain.collect(),
        Some(scaling) => plain.map(|frequency| scaled(frequency, scaling)).collect(),
    }
}

/// Llama 3's RoPE scaling: low frequencies are divided by the factor, high ones are unchanged, and
/// those in between are interpolated (`_compute_llama3_parameters` in transformers).
fn scaled(frequency: f32, scaling: &Llama3RopeScaling) -> f32 {
    let waves = scaling.original_max_positions as f32 * frequency / TAU;
    if waves < scaling.low_freq_factor {
        frequency / scaling.factor
    } else if waves > scaling.high_freq_factor {
        frequency
    } else {
        let smooth = (waves - scaling.low_freq_factor)
            / (scaling.high_freq_factor - scaling.low_freq_factor);
        (1.0 - smooth) * frequency / scaling.factor + smooth * frequency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_back_undoes_turning() {
        let rotary = Rotary {
            head_dim: 4,
            angles: (0..12)
                .map(|at| (at as f32).sin_cos())
                .map(|(cos, sin)| Angle { cos, sin })
                .collect(),
        };
        // (2, 5); the fifth column is no head
        let before = [1.0, 2.0, 3.0, 4.0, 5.0, -1.0, 0.5, 0.25, 2.0, 7.0];
        let mut rows = before;
        rotary.apply(&mut rows, 5, 4, &[5, 2], Direction::Forward);
        assert!((rows[0] - before[0]).abs() > 0.1 && rows[4].to_bits() == before[4].to_bits());
        rotary.apply(&mut rows, 5, 4, &[5, 2], Direction::Backward);
        for (after, before) in rows.iter().zip(before) {
            assert!((after - before).abs() < 1e-5);
        }
    }

    #[test]
    fn only_long_waves_are_scaled() {
        let scaling = Llama3RopeScaling {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_positions: 8192,
        };
        let of_wavelength = |wavelength: f32| scaled(TAU / wavelength, &scaling) * wavelength / TAU;
        assert!((of_wavelength(100.0) - 1.0).abs() < 1e-6);
        assert!((of_wavelength(9000.0) - 1.0 / 8.0).abs() < 1e-6);
        // Half way between the two limits, 8192 / 2.5: half of each.
        assert!((of_wavelength(8192.0 / 2.5) - 0.5 * (1.0 + 1.0 / 8.0)).abs() < 1e-6);
    }
}
