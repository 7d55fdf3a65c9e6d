//! Checks of pairs, gradients and weights.
//!
//! A pair without a gradient, a tensor that the backward pass misses and a number that is not
//! finite all look like training that learns little. Each fails here, by name.

use tpo_lm::params::Entry;
use tpo_lm::spec::ModelSpec;
use tpo_types::{Failure, FailureKind, Side, TrainingPair};

use crate::gradient::PairResult;

/// How many pairs of a failed step the message lists.
const WORST: usize = 5;

/// With a smaller derivative of the loss, gradients may be rounded to zero in `f32`.
const FLAT: f64 = 1e-6;

/// Fails if the model cannot be trained on a pair; the message has its id.
pub(crate) fn check_pairs(pairs: &[TrainingPair], spec: &ModelSpec) -> Result<(), Failure> {
    if pairs.is_empty() {
        return Err(Failure::new(
            FailureKind::Input,
            "there is no pair to train on",
        ));
    }
    pairs.iter().try_for_each(|pair| check_pair(pair, spec))
}

fn check_pair(pair: &TrainingPair, spec: &ModelSpec) -> Result<(), Failure> {
    let refuse =
        |what: &str| Failure::new(FailureKind::Input, format!("pair `{}` {what}", pair.id));
    if pair.prompt_ids.is_empty() {
        return Err(refuse("has no prompt: nothing predicts its first token"));
    }
    if pair.chosen.token_ids == pair.rejected.token_ids {
        return Err(
            refuse("has the same tokens on both sides: its gradient is zero")
                .hint("the pair selector must not pair equal completions"),
        );
    }
    for (name, side) in [("chosen", &pair.chosen), ("rejected", &pair.rejected)] {
        if let Some(what) = fault_of(side, &pair.prompt_ids, spec) {
            return Err(refuse(&format!("({name} side) {what}")));
        }
    }
    Ok(())
}

/// What is wrong with a side, if anything.
fn fault_of(side: &Side, prompt_ids: &[u32], spec: &ModelSpec) -> Option<String> {
    let len = prompt_ids.len() + side.token_ids.len();
    let unknown = prompt_ids
        .iter()
        .chain(&side.token_ids)
        .find(|id| **id as usize >= spec.vocab_size);
    if side.loss_mask.len() != side.token_ids.len() {
        Some(format!(
            "has {} tokens and a mask of {}",
            side.token_ids.len(),
            side.loss_mask.len()
        ))
    } else if !side.loss_mask.contains(&true) {
        Some("has no token in the loss".into())
    } else if !side.reference_log_prob.is_finite() {
        Some(format!(
            "has the reference log-probability {}",
            side.reference_log_prob
        ))
    } else if len > spec.max_positions {
        Some(format!(
            "has {len} tokens with its prompt; the model's context is {}",
            spec.max_positions
        ))
    } else {
        unknown.map(|id| {
            format!(
                "has token {id}; the model's vocabulary has {}",
                spec.vocab_size
            )
        })
    }
}

/// Fails if a loss or the gradient of a step is not finite; the message lists the worst pairs.
pub(crate) fn check_finite(
    step: usize,
    batch: &[&TrainingPair],
    results: &[PairResult],
    grad_norm: f64,
) -> Result<(), Failure> {
    let is_finite = |pair: &PairResult| pair.loss.loss.is_finite();
    if grad_norm.is_finite() && results.iter().all(is_finite) {
        return Ok(());
    }
    let what = if results.iter().all(is_finite) {
        "gradient"
    } else {
        "loss"
    };
    // NaN sorts above all other absolute values.
    let mut worst: Vec<_> = results
        .iter()
        .map(|pair| pair.loss.loss.abs())
        .zip(batch)
        .collect();
    worst.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    let worst: Vec<_> = worst
        .iter()
        .take(WORST)
        .map(|(loss, pair)| format!("`{}` (loss {loss})", pair.id))
        .collect();
    Err(Failure::new(
        FailureKind::Numeric,
        format!(
            "step {step}: the {what} is not finite; the worst pairs are {}",
            worst.join(", ")
        ),
    )
    .hint("lower `train.learning_rate`; no checkpoint was written"))
}

/// Fails if a weight is not finite; the message names the tensor.
pub(crate) fn check_weights(entries: &[Entry], weights: &[f32]) -> Result<(), Failure> {
    match entries.iter().find(|entry| {
        weights[entry.range.clone()]
            .iter()
            .any(|weight| !weight.is_finite())
    }) {
        None => Ok(()),
        Some(entry) => Err(Failure::new(
            FailureKind::Numeric,
            format!("training made `{}` infinite or NaN", entry.name),
        )
        .hint("lower `train.learning_rate`; no checkpoint was written")),
    }
}

/// Fails if the first backward pass left a trained tensor without a gradient: it would silently
/// stay untrained.
///
/// A zero gradient is correct only if the margin of every pair is so large that the loss is flat,
/// and for an adapter's `A` while its `B` is zero.
pub(crate) fn check_gradient(
    entries: &[Entry],
    weights: &[f32],
    gradient: &[f32],
    results: &[PairResult],
) -> Result<(), Failure> {
    if results.iter().all(|pair| pair.loss.d_chosen.abs() < FLAT) {
        return Ok(());
    }
    let is_zero = |values: &[f32], entry: &Entry| {
        values[entry.range.clone()]
            .iter()
            .all(|value| *value == 0.0)
    };
    let hidden_by_zero_b = |entry: &Entry| {
        let name_of_b = entry.name.replace("lora_A", "lora_B");
        name_of_b != entry.name
            && entries
                .iter()
                .any(|b| b.name == name_of_b && is_zero(weights, b))
    };
    match entries
        .iter()
        .find(|entry| is_zero(gradient, entry) && !hidden_by_zero_b(entry))
    {
        None => Ok(()),
        Some(entry) => Err(Failure::new(
            FailureKind::Bug,
            format!(
                "the first backward pass left no gradient on `{}`",
                entry.name
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{PairLogProbs, dpo};

    fn result(chosen: f64) -> PairResult {
        let log_probs = PairLogProbs {
            chosen,
            rejected: -1.0,
            reference_chosen: -1.0,
            reference_rejected: -1.0,
        };
        PairResult {
            log_probs,
            loss: dpo(&log_probs, 0.1, 0.0),
        }
    }

    fn pair(id: &str) -> TrainingPair {
        let side = |token| Side {
            token_ids: vec![token],
            loss_mask: vec![true],
            reference_log_prob: -1.0,
        };
        TrainingPair {
            id: id.into(),
            prompt_ids: vec![1],
            chosen: side(2),
            rejected: side(3),
        }
    }

    fn entries(names: &[&str]) -> Vec<Entry> {
        let entry = |(at, name): (usize, &&str)| Entry {
            name: (*name).into(),
            shape: vec![1],
            range: at..at + 1,
        };
        names.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn a_step_that_is_not_finite_names_its_worst_pairs_first() {
        let pairs = ["a", "b", "c"].map(pair);
        let batch: Vec<_> = pairs.iter().collect();
        let results = [result(-1.0), result(f64::NAN), result(-301.0)];
        let failure = check_finite(7, &batch, &results, f64::NAN).expect_err("a NaN");
        assert_eq!(failure.kind(), FailureKind::Numeric);
        let what = "step 7: the loss is not finite; the worst pairs are `b` (loss NaN), `c` (loss \
            30.000000000000092), \
                    `a` (loss 0.6931471805599453)";
        assert_eq!(failure.to_string(), what);
        let failure = check_finite(7, &batch[..1], &results[..1], f64::INFINITY)
            .expect_err("an infinite gradient");
        assert!(
            failure
                .to_string()
                .starts_with("step 7: the gradient is not finite"),
            "{failure}"
        );
        check_finite(7, &batch[..1], &results[..1], 1.0).expect("finite");
    }

    #[test]
    fn a_tensor_without_a_gradient_is_named() {
        let entries = entries(&["norm", "proj"]);
        let failure = check_gradient(&entries, &[1.0, 1.0], &[0.5, 0.0], &[result(-1.0)])
            .expect_err("no gradient");
        assert_eq!(
            failure.to_string(),
            "the first backward pass left no gradient on `proj`"
        );
        assert_eq!(failure.kind(), FailureKind::Bug);
        let saturated = result(1e5);
        check_gradient(&entries, &[1.0, 1.0], &[0.0, 0.0], &[saturated])
            .expect("nothing left to learn");
    }

    #[test]
    fn only_a_zero_b_excuses_its_own_a() {
        let entries = entries(&["q.lora_A", "q.lora_B", "k.lora_A", "k.lora_B"]);
        let gradient = [0.0, 0.5, 0.0, 0.5];
        check_gradient(&entries, &[1.0, 0.0, 1.0, 0.0], &gradient, &[result(-1.0)])
            .expect("a fresh adapter");
        let failure = check_gradient(&entries, &[1.0, 0.0, 1.0, 1.0], &gradient, &[result(-1.0)])
            .expect_err("k is not");
        assert!(failure.to_string().ends_with("`k.lora_A`"), "{failure}");
    }

    #[test]
    fn a_weight_that_is_not_finite_is_named() {
        let entries = entries(&["norm", "proj"]);
        check_weights(&entries, &[1.0, 2.0]).expect("finite");
        let failure = check_weights(&entries, &[1.0, f32::INFINITY]).expect_err("infinite");
        assert_eq!(failure.to_string(), "training made `proj` infinite or NaN");
    }
}
