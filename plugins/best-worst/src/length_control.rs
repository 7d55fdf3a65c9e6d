//! A score less its length: `N(score) - rho * N(length)`, with N the z-score within the group.

use tpo_plugin::Candidate;

use crate::LengthUnit;

/// Values whose spread is this small against their size are equal: what is left is rounding.
const NO_SPREAD: f64 = 1e-12;

/// How length counts against score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LengthControl {
    pub(crate) rho: f64,
    pub(crate) unit: LengthUnit,
}

impl LengthControl {
    /// The worth of each of one group's candidates, given their scores.
    pub(crate) fn worth(self, scores: &[f64], candidates: &[&Candidate]) -> Vec<f64> {
        let lengths: Vec<_> = candidates.iter().map(|candidate| self.length(candidate)).collect();
        z_scores(scores).iter().zip(z_scores(&lengths)).map(|(score, length)| score - self.rho * length).collect()
    }

    fn length(self, candidate: &Candidate) -> f64 {
        match self.unit {
            LengthUnit::Characters => candidate.response.chars().count() as f64,
            LengthUnit::Tokens => f64::from(candidate.response_tokens),
        }
    }
}

/// Distance from the mean in population standard deviations; all zero where the values are equal.
fn z_scores(values: &[f64]) -> Vec<f64> {
    // Summed in sorted order: the same values give the same bits however the candidates were ordered.
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let std = (sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let size = sorted.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
    if std.is_finite() && std > NO_SPREAD * size {
        values.iter().map(|value| (value - mean) / std).collect()
    } else {
        vec![0.0; values.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(tokens: u32) -> Candidate {
        Candidate {
            standing: tpo_plugin::Standing::Unscored(String::new()),
            thought: None,
            response: String::new(),
            thought_tokens: 0,
            response_tokens: tokens,
            extra: Vec::new(),
        }
    }

    #[test]
    fn the_paper_s_numbers() {
        let candidates = [1000, 2000, 1500, 2600].map(candidate);
        let control = LengthControl { rho: 0.3, unit: LengthUnit::Tokens };
        let worth = control.worth(&[0.10, 0.14, 0.12, 0.16], &candidates.each_ref());
        for (found, wanted) in worth.iter().zip([-0.949_693, 0.333_422, -0.308_135, 0.924_406]) {
            assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
        }
    }

    #[test]
    fn equal_values_have_no_spread() {
        assert_eq!(z_scores(&[0.1, 0.1, 0.1]), [0.0; 3]);
        assert_eq!(z_scores(&[0.0, 0.0]), [0.0; 2]);
        assert_eq!(z_scores(&[f64::MAX, f64::MIN]), [0.0; 2]);
        assert!(z_scores(&[]).is_empty());
    }
}
