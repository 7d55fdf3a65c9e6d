//! How large a difference a design can see, before it is run.

use crate::distributions::normal_quantile;
use crate::paired::{LEVEL, POWER};
use crate::refusal::Refusal;

/// `z(1 - level/2) + z(power)`: 2.801585 for 5 % and 80 %.
fn quantiles() -> f64 {
    normal_quantile(1.0 - LEVEL / 2.0) + normal_quantile(POWER)
}

fn positive(value: f64, name: &'static str) -> Result<f64, Refusal> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(Refusal::Parameter { name })
    }
}

fn not_negative(value: f64, name: &'static str) -> Result<f64, Refusal> {
    if value >= 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(Refusal::Parameter { name })
    }
}

/// The smallest difference that `n` paired instructions detect at 5 % with a probability of 80 %:
/// `(z(0.975) + z(0.8)) sd / sqrt(n)`, `sd` of the paired differences.
pub fn smallest_detectable(sd: f64, n: usize) -> Result<f64, Refusal> {
    if n == 0 {
        return Err(Refusal::Empty);
    }
    Ok(quantiles() * positive(sd, "sd")? / (n as f64).sqrt())
}

/// Paired instructions needed to detect `difference`, not rounded:
/// `((z(0.975) + z(0.8)) sd / difference)^2`.
pub fn instructions_needed(sd: f64, difference: f64) -> Result<f64, Refusal> {
    let ratio = positive(sd, "sd")? / positive(difference.abs(), "difference")?;
    Ok((quantiles() * ratio).powi(2))
}

/// A design with several samples per instruction (Miller 2024, section 5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledDesign {
    /// Variance over instructions of the paired difference of conditional means (omega^2).
    pub between: f64,
    /// Mean variance of one model's samples within an instruction.
    pub within_first: f64,
    /// The same of the other model.
    pub within_second: f64,
    /// Samples per instruction of the first model.
    pub samples_first: usize,
    /// Samples per instruction of the other model.
    pub samples_second: usize,
}

impl SampledDesign {
    /// Variance of one instruction's difference: `omega^2 + s_A^2 / K_A + s_B^2 / K_B`.
    pub fn variance(&self) -> Result<f64, Refusal> {
        if self.samples_first == 0 || self.samples_second == 0 {
            return Err(Refusal::Parameter { name: "samples" });
        }
        let first = not_negative(self.within_first, "within_first")? / self.samples_first as f64;
        let second =
            not_negative(self.within_second, "within_second")? / self.samples_second as f64;
        positive(
            not_negative(self.between, "between")? + first + second,
            "variance",
        )
    }

    /// The smallest difference that `n` instructions detect.
    pub fn smallest_detectable(&self, n: usize) -> Result<f64, Refusal> {
        smallest_detectable(self.variance()?.sqrt(), n)
    }

    /// Instructions needed to detect `difference`, not rounded.
    pub fn instructions_needed(&self, difference: f64) -> Result<f64, Refusal> {
        instructions_needed(self.variance()?.sqrt(), difference)
    }
}

/// Questions needed to detect a difference of accuracies when a share `discordant` of them is
/// solved by one model only, not rounded: `(z(0.975) sqrt(p_d) + z(0.8) sqrt(p_d - d^2))^2 / d^2`
/// (Connor 1987).
///
/// Refuses a difference larger than the discordant share.
pub fn questions_needed(discordant: f64, difference: f64) -> Result<f64, Refusal> {
    let share = positive(discordant, "discordant")?;
    let gap = positive(difference.abs(), "difference")?;
    if share > 1.0 || gap > share {
        return Err(Refusal::Parameter { name: "discordant" });
    }
    let level = normal_quantile(1.0 - LEVEL / 2.0) * share.sqrt();
    let power = normal_quantile(POWER) * (share - gap * gap).sqrt();
    Ok(((level + power) / gap).powi(2))
}
