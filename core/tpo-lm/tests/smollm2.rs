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
use tpo_types::{Message, Prompt, SampleId, SampleJob, Sampler, SamplingParams};

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
        let mut written = Vec::new();
        sampler
            .sample(&[job], &params, &mut |_, completion| {
                written = completion.token_ids;
                Ok(())
            })
            .unwrap();
        let expected = ids(&golden["greedy_ids"]);
        assert_eq!(
            written,
            expected[..written.len()],
            "the continuation may end earlier, at the end of the turn"
        );
        assert!(!written.is_empty());
    }
}
