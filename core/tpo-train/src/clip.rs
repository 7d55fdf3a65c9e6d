//! Gradient clipping by global norm.

use rayon::prelude::*;

/// Values per task. Fixed, so that the result does not depend on the number of threads.
const CHUNK: usize = 1 << 16;

/// L2 norm, summed in `f64` in the order of the entries; not finite if any value is not.
pub fn global_norm(gradient: &[f32]) -> f64 {
    let square = |value: &f32| f64::from(*value) * f64::from(*value);
    let sums: Vec<f64> = gradient
        .par_chunks(CHUNK)
        .map(|chunk| chunk.iter().map(square).sum())
        .collect();
    sums.iter().sum::<f64>().sqrt()
}

/// Scales a gradient of norm `norm` down to `max_norm` if it is longer.
///
/// As `torch.nn.utils.clip_grad_norm_`: `g *= min(1, max_norm / (norm + 1e-6))`.
pub fn clip(gradient: &mut [f32], norm: f64, max_norm: f64) {
    let scale = max_norm / (norm + 1e-6);
    if scale < 1.0 {
        gradient
            .par_chunks_mut(CHUNK)
            .flatten_iter()
            .for_each(|value| *value *= scale as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(len: usize) -> Vec<f32> {
        (0..len)
            .map(|index| index as f32 / len as f32 - 0.3)
            .collect()
    }

    #[test]
    fn the_norm_is_the_root_of_the_sum_of_squares() {
        assert!((global_norm(&[3.0, -4.0]) - 5.0).abs() < 1e-15);
        let long = vec![0.5_f32; 3 * CHUNK + 1];
        assert!((global_norm(&long) - (0.25 * long.len() as f64).sqrt()).abs() < 1e-9);
        assert!(!global_norm(&[1.0, f32::NAN]).is_finite());
        assert!(!global_norm(&[1.0, f32::INFINITY]).is_finite());
    }

    #[test]
    fn squares_that_overflow_f32_do_not_overflow() {
        assert!((global_norm(&[1e30, 1e30]) / (2.0_f64.sqrt() * 1e30) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let gradient = ramp(5 * CHUNK + 123);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool");
            pool.install(|| global_norm(&gradient).to_bits())
        };
        assert_eq!(with(1), with(4));
    }

    #[test]
    fn only_a_longer_gradient_is_scaled() {
        let mut long = ramp(1000);
        let before = global_norm(&long);
        clip(&mut long, before, 1.0);
        assert!((global_norm(&long) - 1.0).abs() < 1e-6);
        let mut short = vec![0.3_f32, 0.4];
        clip(&mut short, 0.5, 1.0);
        assert_eq!(short, [0.3, 0.4]);
    }
}
