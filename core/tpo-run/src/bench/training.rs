//! The speed of a training step.

use std::time::Instant;

use tpo_lm::decoder::{Decoder, TrainingBuffers};
use tpo_lm::lora::Adapter;
use tpo_lm::model::Model;
use tpo_lm::peaks::Peaks;
use tpo_lm::precision::TrainPrecision;
use tpo_train::TrainConfig;
use tpo_train::adamw::AdamW;
use tpo_train::clip::{clip, global_norm};
use tpo_train::config::Method;
use tpo_train::gradient::accumulate;
use tpo_types::{Failure, FailureKind, Side, TrainingPair};

use super::{BenchPlan, BenchRow, block_weights, head_weights, median, memory, tokens};

const PAIRS: usize = 4;
const PROMPT_TOKENS: usize = 128;
const COMPLETION_TOKENS: usize = 256;

/// Measures steps of DPO on four pairs: forward, backward, clipping and update. The policy is
/// trained by them.
pub(super) fn measure(
    policy: &mut Model,
    method: Method,
    precision: TrainPrecision,
    plan: &BenchPlan,
    peaks: &Peaks,
) -> Result<BenchRow, Failure> {
    let (context, needed) = (policy.spec.max_positions, PROMPT_TOKENS + COMPLETION_TOKENS);
    if context < needed {
        let what = format!(
            "the step that is measured has sequences of {needed} tokens; that exceeds the model's \
             context of {context}"
        );
        return Err(Failure::new(FailureKind::Input, what).hint("measure with another model"));
    }
    memory::reset();
    let config = TrainConfig {
        method,
        batch_size: PAIRS,
        ..TrainConfig::default()
    };
    let mut adapter = match method {
        Method::Full => None,
        Method::Lora => Some(Adapter::init(
            &policy.spec,
            config.lora.clone().unwrap_or_default(),
            1,
        )?),
    };
    let pairs = pairs(policy);
    let batch: Vec<&TrainingPair> = pairs.iter().collect();
    let trainable = Decoder::new(&policy.spec, &policy.params, adapter.as_ref()).trainable();
    let mut optimizer = AdamW::new(&config, trainable);
    let mut gradient = vec![0.0; trainable.last().map_or(0, |entry| entry.range.end)];
    let mut buffers = TrainingBuffers::default();
    let mut times = Vec::new();
    for step in 0..=plan.repetitions {
        let start = Instant::now();
        gradient.fill(0.0);
        let decoder = Decoder::new(&policy.spec, &policy.params, adapter.as_ref());
        let decoder = decoder.in_precision(precision);
        accumulate(&decoder, &config, &batch, &mut buffers, &mut gradient);
        let norm = global_norm(&gradient);
        clip(&mut gradient, norm, config.max_grad_norm);
        let trained = match &mut adapter {
            Some(adapter) => &mut adapter.values,
            None => &mut policy.params.values,
        };
        optimizer.step(trained, &gradient, 1e-6);
        // The first step touches fresh memory.
        if step > 0 {
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let seconds = median(times);
    // The prompt of a pair is computed once, and the head only where a token is scored.
    let scored = 2 * PAIRS * COMPLETION_TOKENS;
    let tokens = PAIRS * PROMPT_TOKENS + scored;
    let multiplied = block_weights(&policy.spec) * tokens + head_weights(&policy.spec) * scored;
    // A product forward and, backward, one by the input; with all weights one by them too.
    let products = match method {
        Method::Full => 3.0,
        Method::Lora => 2.0,
    };
    let flops = 2.0 * products * multiplied as f64;
    let least_seconds = match precision {
        TrainPrecision::F32 => Some(flops / peaks.f32_flops_per_second),
        TrainPrecision::Bf16x3 => peaks
            .bf16_tile_flops_per_second
            .map(|peak| 3.0 * flops / peak),
        TrainPrecision::Bf16 => peaks.bf16_tile_flops_per_second.map(|peak| flops / peak),
    };
    Ok(BenchRow {
        work: match method {
            Method::Full => "train full",
            Method::Lora => "train lora",
        },
        precision: precision.to_string(),
        rows: 2 * PAIRS,
        tokens_per_second: None,
        seconds_per_step: Some(seconds),
        peak_rss_bytes: memory::peak(),
        of_peak: least_seconds.map(|least| least / seconds),
    })
}

fn pairs(policy: &Model) -> Vec<TrainingPair> {
    let side = |at: usize, name: &str| Side {
        token_ids: tokens(
            policy.spec.vocab_size,
            COMPLETION_TOKENS,
            &format!("{name} {at}"),
        ),
        loss_mask: vec![true; COMPLETION_TOKENS],
        reference_log_prob: -1000.0,
    };
    (0..PAIRS)
        .map(|at| TrainingPair {
            id: at.to_string(),
            prompt_ids: tokens(
                policy.spec.vocab_size,
                PROMPT_TOKENS,
                &format!("prompt {at}"),
            ),
            chosen: side(at, "chosen"),
            rejected: side(at, "rejected"),
        })
        .collect()
}
