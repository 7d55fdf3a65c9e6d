//! Answers of a tiny model, alone and in batches.

use tpo_types::Message;

use super::*;
use crate::fixtures::{copy, model};

fn request(content: &str, temperature: f64) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user(content)],
        prefill: None,
        stop: Vec::new(),
        max_new_tokens: 8,
        temperature,
        seed: 3,
        top_log_probs: 2,
    }
}

fn answers(requests: &[ChatRequest]) -> Vec<ChatReply> {
    let model = LocalModel::open(&model("tiny-llama"), "tiny".into()).expect("the fixture loads");
    let mut answers: Vec<Option<ChatReply>> = vec![None; requests.len()];
    model.chat(requests, &mut |number, outcome| {
        assert!(
            answers[number]
                .replace(outcome.expect("an answer"))
                .is_none(),
            "request {number} is answered twice"
        );
        ControlFlow::Continue(())
    });
    answers
        .into_iter()
        .map(|answer| answer.expect("every request is answered"))
        .collect()
}

/// Two adapters with the same files are two models if what they adapt differs.
#[test]
fn the_identity_of_an_adapter_is_also_that_of_its_base() {
    let base = copy("tiny-llama");
    let adapter = base.path().join("adapter");
    std::fs::create_dir(&adapter).expect("a directory");
    let config = r#"{"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"],
        "base_model_name_or_path": ".."}"#;
    std::fs::write(adapter.join("adapter_config.json"), config).expect("a file");
    let before = identity(&adapter).expect("an adapter");
    assert_eq!(identity(&adapter).expect("an adapter"), before);
    let weights = base.path().join("model.safetensors");
    let mut bytes = std::fs::read(&weights).expect("the weights");
    *bytes.last_mut().expect("bytes") ^= 1;
    std::fs::write(&weights, bytes).expect("a file");
    assert_ne!(identity(&adapter).expect("an adapter"), before);
}

#[test]
fn an_answer_does_not_depend_on_other_requests() {
    let requests = [
        request("Name a color.", 0.0),
        request("Why?", 0.7),
        request("Name a color.", 0.0),
        request("Why?", 0.0),
    ];
    let together = answers(&requests);
    assert_eq!(together[0], together[2]);
    for (request, answer) in requests.iter().zip(&together) {
        assert_eq!(&answers(std::slice::from_ref(request))[0], answer);
        assert_eq!(
            answer.top_log_probs.len(),
            answer.completion_tokens as usize
        );
    }
}

#[test]
fn no_request_is_answered_after_a_break() {
    let model = LocalModel::open(&model("tiny-llama"), "tiny".into()).expect("the fixture loads");
    // Two kinds of sampling, so two batches.
    let requests = [
        request("Name a color.", 0.0),
        request("Why?", 0.0),
        request("Why?", 0.7),
    ];
    let mut answered = Vec::new();
    model.chat(&requests, &mut |number, outcome| {
        answered.push((number, outcome.is_ok()));
        ControlFlow::Break(())
    });
    assert!(matches!(answered.as_slice(), [(_, true)]), "{answered:?}");
}
