//! How far the probabilities of each precision are from those of `f32`, with the default model on
//! text that people wrote.

use rayon::prelude::*;
use serde_json::Value;
use tpo_types::Message;

use super::*;

const PROMPTS: usize = 50;

/// The tokens of the first instructions of the quickstart.
fn prompts(model: &Model) -> Vec<Vec<u32>> {
    let rows = include_str!("../../../../../examples/quickstart/train.jsonl").lines();
    rows.take(PROMPTS)
        .map(|row| {
            let row: Value = serde_json::from_str(row).expect("a row");
            let prompt = row["prompt"].as_str().expect("a prompt");
            let ids = model.text.encode_prompt(&[Message::user(prompt)], None);
            ids.expect("it encodes")
        })
        .collect()
}

/// The logits after every token of a prompt. (T, V)
fn logits(engine: &mut Engine, ids: &[u32]) -> Vec<f32> {
    let rotary = engine.rotary(ids.len());
    let mut cache = engine.pages().cache(ids.len());
    let prompt = PromptFeed {
        ids,
        cache: &mut cache,
    };
    engine.run_prompts(&rotary, &mut [prompt]);
    engine.logits(&(0..ids.len()).collect::<Vec<_>>()).to_vec()
}

/// `KL(p || q)` of the distributions of two rows of logits.
fn divergence(p: &[f32], q: &[f32]) -> f64 {
    let log_sum = |logits: &[f32]| {
        let terms = logits.iter().map(|logit| f64::from(*logit).exp());
        terms.sum::<f64>().ln()
    };
    let (log_p, log_q) = (log_sum(p), log_sum(q));
    let terms = p.iter().zip(q).map(|(p, q)| {
        let (p, q) = (f64::from(*p) - log_p, f64::from(*q) - log_q);
        p.exp() * (p - q)
    });
    terms.sum()
}

#[test]
fn the_probabilities_of_each_precision_are_as_near_as_promised() {
    let path = crate::fetch::resolve(crate::fetch::DEFAULT_MODEL, &|_| ()).expect("is fetched");
    let model = Arc::new(crate::load::load(&path).expect("it loads"));
    let prompts = prompts(&model);
    assert_eq!(prompts.len(), PROMPTS);
    let mut exact = Engine::new(Arc::clone(&model), Precision::F32);
    for precision in Precision::ALL {
        let most = match precision {
            Precision::F32 => continue,
            Precision::Bf16x3 | Precision::Int16 => 1e-6,
            Precision::Bf16 => 1e-3,
            Precision::Int8 => 1e-2,
        };
        if precision.check().is_err() {
            continue;
        }
        let mut engine = Engine::new(Arc::clone(&model), precision);
        let vocabulary = model.spec.vocab_size;
        let per_token = prompts.iter().flat_map(|ids| {
            let (p, q) = (logits(&mut exact, ids), logits(&mut engine, ids));
            p.par_chunks_exact(vocabulary)
                .zip(q.par_chunks_exact(vocabulary))
                .map(|(p, q)| divergence(p, q))
                .collect::<Vec<_>>()
        });
        let per_token: Vec<f64> = per_token.collect();
        let mean = per_token.iter().sum::<f64>() / per_token.len() as f64;
        assert!(mean.abs() < most, "{precision}: {mean} nats per token");
    }
}
