//! The loss of one pair: sigmoid DPO, with label smoothing.
//!
//! A pure function of four numbers, with its derivative. The caller sums log-probabilities over the
//! tokens in the loss and takes means over pairs.

/// Summed log-probabilities of a pair's two completions under the policy and under the frozen
/// reference, in nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairLogProbs {
    /// `log pi(y_c | x)`.
    pub chosen: f64,
    /// `log pi(y_r | x)`.
    pub rejected: f64,
    /// `log pi_ref(y_c | x)`.
    pub reference_chosen: f64,
    /// `log pi_ref(y_r | x)`.
    pub reference_rejected: f64,
}

/// The loss of a pair, its rewards and its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairLoss {
    /// `L`, never negative.
    pub loss: f64,
    /// `r_c`.
    pub reward_chosen: f64,
    /// `r_r`.
    pub reward_rejected: f64,
    /// `dL / d log pi(y_c | x)`.
    pub d_chosen: f64,
    /// `dL / d log pi(y_r | x)`: always `-d_chosen`.
    pub d_rejected: f64,
}

impl PairLoss {
    /// `m = r_c - r_r`: above 0 if the policy, relative to the reference, prefers the chosen side.
    pub fn margin(&self) -> f64 {
        self.reward_chosen - self.reward_rejected
    }
}

/// Direct Preference Optimization (Rafailov et al., arXiv 2305.18290, eq. 7), with the label
/// smoothing of conservative DPO (Mitchell, 2023).
///
/// ```text
/// r_c = beta * (log pi(y_c|x) - log pi_ref(y_c|x))         r_r alike
/// m   = r_c - r_r
/// L   = -(1 - e) * log sigmoid(m) - e * log sigmoid(-m)
/// dL / d log pi(y_c|x) = -beta * ((1 - e) * sigmoid(-m) - e * sigmoid(m)) = -dL / d log pi(y_r|x)
/// ```
///
/// | symbol | argument |
/// |---|---|
/// | `log pi(y_c\|x)`, `log pi(y_r\|x)` | `log_probs.chosen`, `log_probs.rejected` |
/// | `log pi_ref(y_c\|x)`, `log pi_ref(y_r\|x)` | `log_probs.reference_chosen`,
/// `log_probs.reference_rejected` |
/// | `beta` | `beta`, above 0 |
/// | `e` | `label_smoothing`, from 0 to below 0.5 |
///
/// ```
/// use tpo_train::loss::{PairLogProbs, dpo};
///
/// let log_probs = PairLogProbs {
///     chosen: -120.0,
///     rejected: -150.0,
///     reference_chosen: -125.0,
///     reference_rejected: -148.0,
/// };
/// let pair = dpo(&log_probs, 0.1, 0.0);
/// assert!((pair.loss - 0.403186).abs() < 1e-6);
/// assert!((pair.margin() - 0.7).abs() < 1e-12);
/// ```
pub fn dpo(log_probs: &PairLogProbs, beta: f64, label_smoothing: f64) -> PairLoss {
    let reward_chosen = beta * (log_probs.chosen - log_probs.reference_chosen);
    let reward_rejected = beta * (log_probs.rejected - log_probs.reference_rejected);
    let margin = reward_chosen - reward_rejected;
    let loss =
        -(1.0 - label_smoothing) * log_sigmoid(margin) - label_smoothing * log_sigmoid(-margin);
    let d_chosen =
        -beta * ((1.0 - label_smoothing) * sigmoid(-margin) - label_smoothing * sigmoid(margin));
    PairLoss {
        loss,
        reward_chosen,
        reward_rejected,
        d_chosen,
        d_rejected: -d_chosen,
    }
}

/// `log(1 / (1 + exp(-x)))`. The exponent is never positive, so nothing overflows at any margin.
fn log_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

/// `1 / (1 + exp(-x))`: an `exp` that overflows to infinity gives the right 0.
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_margin(margin: f64, label_smoothing: f64) -> PairLoss {
        let log_probs = PairLogProbs {
            chosen: margin,
            rejected: 0.0,
            reference_chosen: 0.0,
            reference_rejected: 0.0,
        };
        dpo(&log_probs, 1.0, label_smoothing)
    }

    #[test]
    fn a_policy_that_is_its_reference_loses_ln_2() {
        for label_smoothing in [0.0, 0.1, 0.49] {
            assert!((at_margin(0.0, label_smoothing).loss - std::f64::consts::LN_2).abs() < 1e-15);
        }
    }

    #[test]
    fn margins_of_any_size_keep_their_loss() {
        assert!((at_margin(-1e4, 0.0).loss - 1e4).abs() < 1e-9);
        assert!(at_margin(1e4, 0.0).loss.abs() < 1e-300);
        assert!((at_margin(1e4, 0.1).loss - 1e3).abs() < 1e-9);
        assert!((at_margin(-50.0, 0.0).loss - 50.0).abs() < 1e-12);
        // log1p(exp(-50)), which `-sigmoid(50).ln()` would round to 0.
        assert!((at_margin(50.0, 0.0).loss / 1.928_749_847_963_918e-22 - 1.0).abs() < 1e-12);
        assert!((at_margin(-1e4, 0.0).d_chosen + 1.0).abs() < 1e-15);
        assert!(at_margin(1e4, 0.0).d_chosen.abs() < 1e-300);
    }

    #[test]
    fn smoothing_pulls_the_margin_back_where_it_is_too_large() {
        let balance = (0.9_f64 / 0.1).ln();
        assert!(at_margin(balance, 0.1).d_chosen.abs() < 1e-15);
        assert!(at_margin(balance + 1.0, 0.1).d_chosen > 0.0);
        assert!(at_margin(balance - 1.0, 0.1).d_chosen < 0.0);
    }

    prop_compose! {
        fn log_probs(size: f64)(
            chosen in -size..size,
            rejected in -size..size,
            reference_chosen in -size..size,
            reference_rejected in -size..size,
        ) -> PairLogProbs {
            PairLogProbs { chosen, rejected, reference_chosen, reference_rejected }
        }
    }

    proptest! {
        #[test]
        fn every_number_is_finite(
            log_probs in log_probs(f64::from(f32::MAX)),
            beta in 1e-4..100.0,
            label_smoothing in 0.0..0.49,
        ) {
            let pair = dpo(&log_probs, beta, label_smoothing);
            let numbers = [
                pair.loss,
                pair.reward_chosen,
                pair.reward_rejected,
                pair.d_chosen,
                pair.d_rejected,
            ];
            prop_assert!(numbers.iter().all(|number| number.is_finite()), "{pair:?}");
            prop_assert!(pair.loss >= 0.0);
            prop_assert!(pair.d_chosen.abs() <= beta);
        }

        #[test]
        fn the_derivative_is_the_slope(
            log_probs in log_probs(40.0),
            beta in 0.01..0.5,
            label_smoothing in 0.0..0.49,
        ) {
            let step = 1e-4;
            let slope = |chosen: f64, rejected: f64| {
                let moved = |by: f64| PairLogProbs {
                    chosen: log_probs.chosen + by * chosen,
                    rejected: log_probs.rejected + by * rejected,
                    ..log_probs
                };
                let loss = |by: f64| dpo(&moved(by), beta, label_smoothing).loss;
                (loss(step) - loss(-step)) / (2.0 * step)
            };
            let pair = dpo(&log_probs, beta, label_smoothing);
            prop_assert!((slope(1.0, 0.0) - pair.d_chosen).abs() < 1e-8, "{pair:?}");
            prop_assert!((slope(0.0, 1.0) - pair.d_rejected).abs() < 1e-8, "{pair:?}");
        }
    }
}
