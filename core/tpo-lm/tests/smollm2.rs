//! The default model, fetched and read from its GGUF, against transformers on the same file.
#![expect(
    clippy::unwrap_used,
    reason = "a missing golden should stop the test where it is read"
)]

use std::sync::Arc;

use serde_json::Value;
use tpo_lm::decoder::Decoder;
use tpo_lm::model::Model;
use tpo_lm::pack::{Pack, Sequence};
use tpo_lm::precision::Precision;
use tpo_lm::sample::LocalSampler;
use tpo_types::{Completion, Message, Prompt, SampleId, SampleJob, Sampler, SamplingParams};

/// Two float32 implementations of one model: sums of 576 and 1536 terms in another order.
const TOLERANCE: f64 = 1e-4;

fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/smollm2.json"
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

fn policy() -> Model {
    let path = tpo_lm::fetch::resolve("smollm2-135m", &|_| {}).unwrap();
    tpo_lm::load::load(&path).unwrap()
}

fn messages(golden: &Value) -> Vec<Message> {
    serde_json::from_value(golden["messages"].clone()).unwrap()
}

#[test]
fn log_probs_are_those_of_transformers() {
    let (golden, policy) = (golden(), policy());
    let completion = ids(&golden["completion_ids"]);
    let decoder = Decoder::new(&policy.spec, &policy.params, None);
    for prompt in golden["prompts"].as_array().unwrap() {
        let mut sequence = ids(&prompt["prompt_ids"]);
        assert_eq!(
            policy.text.encode_prompt(&messages(prompt), None).unwrap(),
            sequence
        );
        let scored_from = sequence.len();
        sequence.extend(&completion);
        let log_probs = decoder.log_probs(&Pack::new(&[Sequence {
            ids: &sequence,
            scored_from,
        }]));
        let theirs: Vec<f64> = serde_json::from_value(prompt["token_log_probs"].clone()).unwrap();
        for (ours, theirs) in log_probs.iter().zip(theirs) {
            assert!(
                (f64::from(*ours) - theirs).abs() < TOLERANCE,
                "{ours} and {theirs}"
            );
        }
    }
}

/// A completion of the messages of a golden prompt.
fn completion(sampler: &mut LocalSampler, golden: &Value, params: &SamplingParams) -> Sampled {
    let prompt = Prompt {
        messages: messages(golden),
        prefill: None,
        trained_prefill: None,
        stop: Vec::new(),
        response_marker: None,
    };
    let prompt_ids = sampler.encode(&prompt).unwrap();
    let id = SampleId {
        seed: 0,
        stream: "golden".into(),
        instruction_id: "golden".into(),
        index: 0,
    };
    let job = SampleJob {
        prompt: &prompt,
        prompt_ids: &prompt_ids,
        samples: vec![id],
    };
    let mut written = None;
    sampler
        .sample(&[job], params, &mut |_, completion| {
            written = Some(completion);
            Ok(())
        })
        .unwrap();
    Sampled {
        completion: written.unwrap(),
        prompt_ids,
    }
}

struct Sampled {
    completion: Completion,
    prompt_ids: Vec<u32>,
}

#[test]
fn greedy_continuations_are_those_of_transformers() {
    let (golden, policy) = (golden(), policy());
    let mut sampler = LocalSampler::new(Arc::new(policy), Precision::F32).unwrap();
    let params = SamplingParams {
        temperature: 0.0,
        top_p: 1.0,
        top_k: 0,
        max_new_tokens: 24,
        max_thought_tokens: None,
    };
    for golden in golden["prompts"].as_array().unwrap() {
        let written = completion(&mut sampler, golden, &params).completion;
        let expected = ids(&golden["greedy_ids"]);
        assert_eq!(
            written.token_ids,
            expected[..written.token_ids.len()],
            "the continuation may end earlier, at the end of the turn"
        );
        assert!(!written.token_ids.is_empty());
    }
}

/// The log-probabilities that a sampler records, against those of training in `f32`.
#[test]
fn every_precision_is_as_near_as_it_says() {
    let (golden, policy) = (golden(), Arc::new(policy()));
    let decoder = Decoder::new(&policy.spec, &policy.params, None);
    let params = SamplingParams {
        temperature: 1.0,
        top_p: 1.0,
        top_k: 0,
        max_new_tokens: 40,
        max_thought_tokens: None,
    };
    let mut errors = Vec::new();
    for precision in Precision::ALL {
        if precision.check().is_err() {
            continue;
        }
        let mut sampler = LocalSampler::new(Arc::clone(&policy), precision).unwrap();
        let mut differences = Vec::new();
        for golden in golden["prompts"].as_array().unwrap() {
            let sampled = completion(&mut sampler, golden, &params);
            let ids = [sampled.prompt_ids.as_slice(), &sampled.completion.token_ids].concat();
            let expected = decoder.log_probs(&Pack::new(&[Sequence {
                ids: &ids,
                scored_from: sampled.prompt_ids.len(),
            }]));
            let recorded = sampled.completion.log_probs.iter();
            differences.extend(
                recorded
                    .zip(expected)
                    .map(|(a, b)| f64::from((a - b).abs())),
            );
        }
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let allowed = match precision {
            Precision::F32 => 1e-5,
            Precision::Bf16x3 => 1e-4,
            Precision::Int16 => 1e-3,
            Precision::Bf16 => 5e-2,
            Precision::Int8 => 0.3,
        };
        assert!(mean < allowed, "{precision}: {mean}");
        errors.push(mean);
    }
    assert!(
        errors.windows(2).all(|pair| pair[0] < pair[1]),
        "{errors:?}"
    );
}
