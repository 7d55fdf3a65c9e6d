//! Sampling a token: temperature, top-k, top-p, and one draw.
//!
//! The order is that of transformers: temperature, then top-k, then top-p over the tokens that
//! top-k kept. The token is a function of the logits, the parameters and one uniform number.

use tpo_types::SamplingParams;

use crate::kernels::exp::exp_minus;
use crate::kernels::softmax::max;

/// Weights per partial sum: a draw goes over partial sums first, then over the weights of one.
const BLOCK: usize = 512;

/// Weights that are compared with a floor together.
const FEW: usize = 64;

/// Relative weights above which to search for the nucleus, in turn: sorting the whole vocabulary
/// would take longer than computing its logits, and the nucleus is nearly always far above the
/// tail.
const NUCLEUS_FLOORS: [f32; 4] = [1e-2, 1e-4, 1e-6, 0.0];

/// A token for `logits` (V), with `unit` uniform in `[0, 1)`. `weights` is scratch.
pub(crate) fn sample_token(
    logits: &[f32],
    params: &SamplingParams,
    unit: f64,
    weights: &mut Vec<f32>,
) -> u32 {
    if params.temperature == 0.0 {
        return most_probable(logits);
    }
    let temperature = params.temperature as f32;
    weights.clear();
    weights.extend(logits.iter().map(|logit| logit / temperature));
    let least = (params.top_k > 0).then(|| kth_largest(weights.clone(), params.top_k));
    let most = max(weights);
    exp_minus(weights, most); // the most probable token weighs 1
    if let Some(least) = least {
        for (weight, logit) in weights.iter_mut().zip(logits) {
            if logit / temperature < least {
                *weight = 0.0;
            }
        }
    }
    if params.top_p < 1.0 {
        draw_from_nucleus(weights, params.top_p, unit)
    } else {
        draw(weights, unit)
    }
}

/// The token with the largest logit; the first of equals.
fn most_probable(logits: &[f32]) -> u32 {
    (0..logits.len())
        .reduce(|best, at| if logits[at] > logits[best] { at } else { best })
        .unwrap_or(0) as u32
}

/// The `k`-th largest value; tokens equal to it are kept, as in transformers.
fn kth_largest(mut values: Vec<f32>, k: usize) -> f32 {
    let at = k.min(values.len()) - 1;
    *values.select_nth_unstable_by(at, |a, b| b.total_cmp(a)).1
}

/// A token drawn with probability proportional to its weight.
fn draw(weights: &[f32], unit: f64) -> u32 {
    let sums: Vec<f64> = weights.chunks(BLOCK).map(sum).collect();
    let mut target = unit * sums.iter().sum::<f64>();
    let mut start = 0;
    for (block, sum) in sums.iter().enumerate() {
        start = block * BLOCK;
        if target < *sum {
            break;
        }
        target -= sum;
    }
    // If rounding puts the target past the end, take the last token with a weight.
    let mut chosen = start;
    for (at, weight) in weights[start..]
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0)
    {
        chosen = start + at;
        if target < f64::from(*weight) {
            break;
        }
        target -= f64::from(*weight);
    }
    chosen as u32
}

/// A token drawn from the smallest set of most probable tokens that adds up to at least `top_p`.
fn draw_from_nucleus(weights: &[f32], top_p: f64, unit: f64) -> u32 {
    let wanted = top_p * weights.chunks(BLOCK).map(sum).sum::<f64>();
    let mut nucleus: Vec<(u32, f32)> = Vec::new();
    for floor in NUCLEUS_FLOORS {
        nucleus.clear();
        for (at, few) in weights.chunks(FEW).enumerate() {
            // Nearly all are below the floor, which the maximum tells faster than one after the
            // other.
            if max(few) > floor {
                let tokens = few
                    .iter()
                    .enumerate()
                    .filter(|(_, weight)| **weight > floor);
                nucleus.extend(tokens.map(|(id, weight)| ((at * FEW + id) as u32, *weight)));
            }
        }
        if nucleus
            .iter()
            .map(|(_, weight)| f64::from(*weight))
            .sum::<f64>()
            >= wanted
        {
            break;
        }
    }
    nucleus.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut mass = 0.0;
    let reaches = |(_, weight): &(u32, f32)| {
        mass += f64::from(*weight);
        mass >= wanted
    };
    let len = nucleus
        .iter()
        .position(reaches)
        .map_or(nucleus.len(), |last| last + 1);
    let kept: Vec<f32> = nucleus[..len].iter().map(|(_, weight)| *weight).collect();
    nucleus[draw(&kept, unit) as usize].0
}

/// The sum of weights, in eight chains of additions instead of a slow single one.
fn sum(block: &[f32]) -> f64 {
    let (lanes, rest) = block.as_chunks::<8>();
    let mut sums = [0.0f64; 8];
    for weights in lanes {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += f64::from(*weight);
        }
    }
    let rest: f64 = rest.iter().map(|weight| f64::from(*weight)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params(temperature: f64, top_k: usize, top_p: f64) -> SamplingParams {
        SamplingParams {
            temperature,
            top_p,
            top_k,
            max_new_tokens: 1,
            max_thought_tokens: None,
        }
    }

    /// The tokens that 2000 evenly spread draws reach.
    fn reached(logits: &[f32], params: &SamplingParams) -> Vec<u32> {
        let mut tokens: Vec<u32> = (0..2000)
            .map(|step| sample_token(logits, params, f64::from(step) / 2000.0, &mut Vec::new()))
            .collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    #[test]
    fn greedy_takes_the_first_of_equals() {
        assert_eq!(
            sample_token(&[1.0, 3.0, 3.0], &params(0.0, 0, 1.0), 0.9, &mut Vec::new()),
            1
        );
    }

    #[test]
    fn draws_follow_the_probabilities() {
        // softmax(ln 1, ln 2, ln 5) at temperature 1, and its square root, renormalized, at
        // temperature 2.
        let logits = [1.0f32.ln(), 2.0f32.ln(), 5.0f32.ln()];
        for (temperature, expected) in
            [(1.0, [0.125, 0.25, 0.625]), (2.0, [0.2151, 0.3042, 0.4808])]
        {
            let mut counts = [0.0f64; 3];
            for step in 0..10_000 {
                let token = sample_token(
                    &logits,
                    &params(temperature, 0, 1.0),
                    f64::from(step) / 1e4,
                    &mut Vec::new(),
                );
                counts[token as usize] += 1e-4;
            }
            for (count, expected) in counts.iter().zip(expected) {
                assert!((count - expected).abs() < 2e-3, "{counts:?}");
            }
        }
    }

    #[test]
    fn top_k_keeps_ties() {
        assert_eq!(
            reached(&[0.0, 2.0, 1.0, 1.0, -1.0], &params(1.0, 2, 1.0)),
            [1, 2, 3]
        );
        assert_eq!(reached(&[0.0, 2.0], &params(1.0, 9, 1.0)), [0, 1]);
    }

    #[test]
    fn top_p_keeps_the_smallest_set_that_reaches_it() {
        let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);
        assert_eq!(reached(&logits, &params(1.0, 0, 0.4)), [0]);
        assert_eq!(reached(&logits, &params(1.0, 0, 0.6)), [0, 1]);
        assert_eq!(reached(&logits, &params(1.0, 0, 0.9)), [0, 1, 2]);
        // After top-k = 2 the first token alone has 0.625 of what is left.
        assert_eq!(reached(&logits, &params(1.0, 2, 0.6)), [0]);
    }

    proptest! {
        #[test]
        fn the_nucleus_is_that_of_a_full_sort(
            logits in proptest::collection::vec(-30.0f32..10.0, 1..2000),
            top_p in 0.05f64..0.999,
            unit in 0.0f64..1.0,
        ) {
            let token = sample_token(&logits, &params(1.0, 0, top_p), unit, &mut Vec::new());
            let most = f64::from(max(&logits));
            let weigh = |logit: &f32| (f64::from(*logit) - most).exp();
            let total: f64 = logits.iter().map(weigh).sum();
            let own = logits[token as usize];
            // What is strictly likelier must not already reach the wanted mass.
            let above: f64 = logits.iter().filter(|logit| **logit > own).map(weigh).sum();
            prop_assert!(above < (top_p + 1e-5) * total);
        }
    }
}
