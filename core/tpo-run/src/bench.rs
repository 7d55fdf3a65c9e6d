//! `tpo bench`: how fast this machine samples and trains, and how near that is to what it could do.
//!
//! The work does not depend on what a model says: prompts and pairs are random tokens of fixed
//! lengths, and no completion ends early.

mod memory;
mod sampling;
mod training;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tpo_lm::peaks::Peaks;
use tpo_lm::precision::{Precision, TrainPrecision};
use tpo_lm::rng::Counter;
use tpo_lm::spec::ModelSpec;
use tpo_train::config::Method;
use tpo_types::Failure;

/// What is measured.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// The precisions of sampling.
    pub precisions: Vec<Precision>,
    /// The precisions of training.
    pub train_precisions: Vec<TrainPrecision>,
    /// How often each work is repeated; the median counts.
    pub repetitions: usize,
    /// Tokens per completion.
    pub new_tokens: usize,
}

/// The results of a benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct BenchResults {
    /// Threads.
    pub threads: usize,
    /// The machine's peaks, measured before the work.
    pub peaks: Peaks,
    /// One per work.
    pub rows: Vec<BenchRow>,
}

/// A work and its speed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchRow {
    /// `sample`, `train full` or `train lora`.
    pub work: &'static str,
    /// The number format.
    pub precision: String,
    /// Sequences at the same time.
    pub rows: usize,
    /// Sampled tokens per second, prompts included in the time; none for training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Time of a training step; none for sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_per_step: Option<f64>,
    /// The most memory that the process used meanwhile; none where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// The least time that the machine's peaks allow for the products, divided by the time that
    /// was measured; none where the peak of the format is not known.
    pub of_peak: Option<f64>,
}

/// Measures the engine with a model. `on_row` is told of every row when it is there.
pub fn bench(
    model: &Path,
    plan: &BenchPlan,
    on_row: &mut dyn FnMut(&BenchRow),
) -> Result<BenchResults, Failure> {
    for precision in &plan.precisions {
        precision.check()?;
    }
    for precision in &plan.train_precisions {
        precision.check()?;
    }
    let peaks = Peaks::measure();
    let mut results = BenchResults {
        threads: peaks.threads,
        peaks: peaks.clone(),
        rows: Vec::new(),
    };
    let mut policy = tpo_lm::load::load(model)?;
    // No completion ends early.
    policy.spec.eos_token_ids.clear();
    let policy = Arc::new(policy);
    let mut add = |row: BenchRow| {
        on_row(&row);
        results.rows.push(row);
    };
    for precision in &plan.precisions {
        sampling::measure(&policy, *precision, plan, &peaks, &mut add)?;
    }
    let mut policy = Arc::into_inner(policy).expect("every sampler is gone");
    // What a larger step has had stays with the process.
    for method in [Method::Lora, Method::Full] {
        for precision in &plan.train_precisions {
            let row = training::measure(&mut policy, method, *precision, plan, &peaks)?;
            add(row);
        }
    }
    Ok(results)
}

/// Weights of the blocks' matrices, which every token is multiplied with.
fn block_weights(spec: &ModelSpec) -> usize {
    let block = spec.hidden_size * (spec.qkv_width() + spec.q_width() + 3 * spec.intermediate_size);
    spec.num_layers * block
}

/// Weights of the output head. The lookup of an embedding multiplies nothing.
fn head_weights(spec: &ModelSpec) -> usize {
    spec.vocab_size * spec.hidden_size
}

/// Random tokens of a vocabulary.
fn tokens(vocabulary: usize, len: usize, purpose: &str) -> Vec<u32> {
    let counter = Counter::new(1, purpose);
    (0..len)
        .map(|at| (counter.unit(at as u64) * vocabulary as f64) as u32)
        .collect()
}

/// The median of some times in seconds.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
