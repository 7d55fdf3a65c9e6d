//! How the cost of sampling and training grows with the work: `cargo bench --workspace --bench
//! growth`.
//!
//! Completions per prompt, tokens of a prompt, and pairs of a training step, each doubled several
//! times, with one thread and with two. Prints a JSON row per measurement: what grew, how far, the
//! threads, and the median seconds. `docs/benchmarks/growth.py` draws them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a benchmark is for"
)]

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use tpo_lm::decoder::{Decoder, TrainingBuffers};
use tpo_lm::fetch::{DEFAULT_MODEL, resolve};
use tpo_lm::load::load;
use tpo_lm::model::Model;
use tpo_lm::precision::Precision;
use tpo_lm::sample::LocalSampler;
use tpo_train::TrainConfig;
use tpo_train::gradient::accumulate;
use tpo_types::{Prompt, SampleId, SampleJob, Sampler, SamplingParams, Side, TrainingPair};

/// The allocator of the `tpo` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REPEATS: usize = 3;

fn main() {
    let path = resolve(DEFAULT_MODEL, &|what| eprintln!("{what}")).expect("the default model");
    let mut model = load(&path).expect("a model");
    // No completion ends early.
    model.spec.eos_token_ids.clear();
    let model = Arc::new(model);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| measure(&model, threads));
    }
}

fn measure(model: &Arc<Model>, threads: usize) {
    let row = |what: &str, size: usize, seconds: f64| {
        let row = json!({ "what": what, "size": size, "threads": threads, "seconds": seconds });
        println!("{row}");
    };
    let mut sampler = LocalSampler::new(Arc::clone(model), Precision::F32).expect("a sampler");
    for completions in [1, 2, 4, 8, 16, 32, 64] {
        let seconds = median(|| sample(&mut sampler, model, 112, completions, 32));
        row("completions of a prompt", completions, seconds);
    }
    for tokens in [64, 128, 256, 512, 1024, 2048, 4096] {
        let seconds = median(|| sample(&mut sampler, model, tokens, 4, 8));
        row("tokens of a prompt", tokens, seconds);
    }
    drop(sampler);
    for pairs in [1, 2, 4, 8, 16] {
        row("pairs of a step", pairs, step(model, pairs));
    }
}

/// The median seconds of some work, after it was done once.
fn median(mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}

fn tokens(model: &Model, len: usize, text: usize) -> Vec<u32> {
    let token = |at: usize| (1000 + (at * 7919 + text * 104_729) % 40_000) as u32;
    (0..len)
        .map(|at| token(at) % model.spec.vocab_size as u32)
        .collect()
}

fn sample(
    sampler: &mut LocalSampler,
    model: &Model,
    prompt_tokens: usize,
    completions: usize,
    max_new_tokens: usize,
) {
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
        max_new_tokens,
        max_thought_tokens: None,
    };
    let job = SampleJob {
        prompt: &prompt,
        prompt_ids: &tokens(model, prompt_tokens, 0),
        samples: (0..completions)
            .map(|index| SampleId {
                seed: 1,
                stream: "growth".into(),
                instruction_id: "0".into(),
                index,
            })
            .collect(),
    };
    sampler
        .sample(&[job], &params, &mut |_, _| Ok(()))
        .expect("completions");
}

/// The median seconds of the gradient of so many pairs of 64 + 128 tokens.
fn step(model: &Model, pairs: usize) -> f64 {
    let config = TrainConfig::default();
    let side = |text: usize| Side {
        token_ids: tokens(model, 128, text),
        loss_mask: vec![true; 128],
        reference_log_prob: -1000.0,
    };
    let pairs: Vec<TrainingPair> = (0..pairs)
        .map(|at| TrainingPair {
            id: at.to_string(),
            prompt_ids: tokens(model, 64, 3 * at),
            chosen: side(3 * at + 1),
            rejected: side(3 * at + 2),
        })
        .collect();
    let batch: Vec<&TrainingPair> = pairs.iter().collect();
    let decoder = Decoder::new(&model.spec, &model.params, None);
    let mut gradient = vec![0.0; decoder.trainable_len()];
    let mut buffers = TrainingBuffers::default();
    median(|| {
        gradient.fill(0.0);
        accumulate(&decoder, &config, &batch, &mut buffers, &mut gradient);
    })
}
