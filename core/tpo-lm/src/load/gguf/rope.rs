//! Llama 3's RoPE scaling from a GGUF file.
//!
//! The file has only the resulting divisor of each frequency, not the four parameters. Of those,
//! only `factor` differs between published models, and it is the largest divisor: so the rule is
//! computed with it, and a file with other divisors is refused.

use std::f32::consts::TAU;
use std::path::Path;

use tpo_types::{Failure, FailureKind};

use crate::spec::Llama3RopeScaling;

/// The parameters that give `factors`, one divisor per rotated pair of a head.
pub(super) fn recognize(
    factors: &[f32],
    theta: f32,
    file: &Path,
) -> Result<Llama3RopeScaling, Failure> {
    let factor = factors.iter().copied().fold(1.0, f32::max);
    let rule = Llama3RopeScaling {
        factor,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_positions: 8192,
    };
    let follows = factors
        .iter()
        .zip(divisors(&rule, theta, factors.len()))
        .all(|(&found, expected)| {
            // The converter has another order of operations.
            (found - expected).abs() <= 1e-4 * expected
        });
    if follows {
        return Ok(rule);
    }
    let what = format!(
        "`{}`: `rope_freqs.weight` does not match Llama 3's RoPE scaling",
        file.display()
    );
    Err(Failure::new(FailureKind::Input, what).hint("use the model's Hugging Face files instead"))
}

fn divisors(rule: &Llama3RopeScaling, theta: f32, pairs: usize) -> impl Iterator<Item = f32> {
    let context = rule.original_max_positions as f32;
    let (low, high) = (rule.low_freq_factor, rule.high_freq_factor);
    (0..pairs).map(move |pair| {
        let wavelength = TAU * theta.powf(pair as f32 / pairs as f32);
        if wavelength < context / high {
            1.0
        } else if wavelength > context / low {
            rule.factor
        } else {
            let smooth = (context / wavelength - low) / (high - low);
            1.0 / ((1.0 - smooth) / rule.factor + smooth)
        }
    })
}
