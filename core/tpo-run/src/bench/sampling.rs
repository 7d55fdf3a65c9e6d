//! The speed of sampling.

use std::sync::Arc;
use std::time::Instant;

use tpo_lm::model::Model;
use tpo_lm::peaks::Peaks;
use tpo_lm::precision::Precision;
use tpo_lm::sample::LocalSampler;
use tpo_types::{Failure, Prompt, SampleId, SampleJob, Sampler, SamplingParams};

use super::{BenchPlan, BenchRow, block_weights, head_weights, median, memory, tokens};

/// Prompts, and completions of each.
const BATCHES: [Batch; 3] = [
    Batch {
        prompts: 8,
        completions: 8,
    },
    Batch {
        prompts: 8,
        completions: 1,
    },
    Batch {
        prompts: 1,
        completions: 1,
    },
];

/// Tokens of a prompt.
const PROMPT_TOKENS: usize = 112;

#[derive(Clone, Copy)]
struct Batch {
    prompts: usize,
    completions: usize,
}

pub(super) fn measure(
    policy: &Arc<Model>,
    precision: Precision,
    plan: &BenchPlan,
    peaks: &Peaks,
    add: &mut dyn FnMut(BenchRow),
) -> Result<(), Failure> {
    let mut sampler = LocalSampler::new(Arc::clone(policy), precision)?;
    for batch in BATCHES {
        memory::reset();
        let rows = batch.prompts * batch.completions;
        // The first time touches fresh memory.
        batch.sample(&mut sampler, policy, 2)?;
        let times: Result<Vec<f64>, Failure> = (0..plan.repetitions)
            .map(|_| batch.sample(&mut sampler, policy, plan.new_tokens))
            .collect();
        let seconds = median(times?);
        let sampled = (rows * plan.new_tokens) as f64;
        let step = Step {
            rows,
            weights: block_weights(&policy.spec) + head_weights(&policy.spec),
            weight_bytes: sampler.weight_bytes(),
        };
        add(BenchRow {
            work: "sample",
            precision: precision.to_string(),
            rows,
            tokens_per_second: Some(sampled / seconds),
            seconds_per_step: None,
            peak_rss_bytes: memory::peak(),
            of_peak: step
                .least_seconds(precision, peaks)
                .map(|least| least * plan.new_tokens as f64 / seconds),
        });
    }
    Ok(())
}

impl Batch {
    /// Samples it; returns the seconds.
    fn sample(
        self,
        sampler: &mut LocalSampler,
        policy: &Model,
        new_tokens: usize,
    ) -> Result<f64, Failure> {
        let prompt = Prompt {
            messages: Vec::new(),
            prefill: None,
            trained_prefill: None,
            stop: Vec::new(),
            response_marker: None,
        };
        let params = SamplingParams {
            temperature: 0.8,
            top_p: 0.95,
            top_k: 0,
            max_new_tokens: new_tokens,
            max_thought_tokens: None,
        };
        let ids: Vec<Vec<u32>> = (0..self.prompts)
            .map(|at| {
                tokens(
                    policy.spec.vocab_size,
                    PROMPT_TOKENS,
                    &format!("prompt {at}"),
                )
            })
            .collect();
        let jobs = ids.iter().enumerate().map(|(at, prompt_ids)| SampleJob {
            prompt: &prompt,
            prompt_ids,
            samples: (0..self.completions)
                .map(|index| SampleId {
                    seed: 1,
                    stream: "bench".into(),
                    instruction_id: at.to_string(),
                    index,
                })
                .collect(),
        });
        let jobs: Vec<SampleJob<'_>> = jobs.collect();
        let start = Instant::now();
        sampler.sample(&jobs, &params, &mut |_, _| Ok(()))?;
        Ok(start.elapsed().as_secs_f64())
    }
}

/// The products of one step.
struct Step {
    rows: usize,
    weights: usize,
    weight_bytes: usize,
}

impl Step {
    /// The least time, by the peaks of arithmetic and of memory; none where they are not measured.
    fn least_seconds(&self, precision: Precision, peaks: &Peaks) -> Option<f64> {
        let flops = match precision {
            Precision::F32 => peaks.f32_flops_per_second,
            // A product of `bf16x3` is three.
            Precision::Bf16x3 => peaks.bf16_tile_flops_per_second? / 3.0,
            Precision::Bf16 => peaks.bf16_tile_flops_per_second?,
            // The peak of whole numbers is not measured.
            Precision::Int16 | Precision::Int8 => return None,
        };
        let arithmetic = 2.0 * (self.weights * self.rows) as f64 / flops;
        let memory = self.weight_bytes as f64 / peaks.bytes_per_second;
        Some(arithmetic.max(memory))
    }
}
