//! Prompts become the tokens that transformers would make of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tpo_types::Message;

use super::TextCodec;
use crate::fixtures::{copy, edit_json, golden, model};
use crate::load;

fn tiny() -> TextCodec {
    TextCodec::from_directory(&model("tiny-llama")).expect("the fixture loads")
}

fn changed(change: impl FnOnce(&Path)) -> TextCodec {
    let directory = copy("tiny-llama");
    change(directory.path());
    TextCodec::from_directory(directory.path()).expect("loads")
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).expect("ids")
}

#[test]
fn a_prompt_is_the_template_then_the_prefill() {
    let text = tiny();
    let prompt = text
        .encode_prompt(&[Message::user("hi")], Some("Here is my thought"))
        .expect("encodes");
    let expected = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nHere is my thought";
    assert_eq!(text.decode(&prompt, true).expect("decodes"), expected);
    assert_eq!(prompt, text.encode(expected).expect("encodes"));
    assert_eq!(prompt[0], 1);
}

#[test]
fn special_tokens_are_kept_or_left_out() {
    let text = tiny();
    let ids = text.encode("a<|im_end|>b").expect("encodes");
    assert!(ids.contains(&2));
    assert_eq!(text.decode(&ids, true).expect("decodes"), "a<|im_end|>b");
    assert_eq!(text.decode(&ids, false).expect("decodes"), "ab");
    assert_eq!(text.token_id("<|im_end|>"), Some(2));
    assert_eq!(
        (text.eos_token_id(), text.pad_token_id(), text.largest_id()),
        (Some(2), Some(2), 511)
    );
}

#[test]
fn a_character_spread_over_tokens_needs_all_of_them() {
    let text = tiny();
    let ids = text.encode("→").expect("encodes");
    assert_eq!((ids.len(), text.token_count("→").expect("encodes")), (3, 3));
    assert_eq!(text.decode(&ids, true).expect("decodes"), "→");
    assert_eq!(text.decode(&ids[..2], true).expect("decodes"), "\u{fffd}");
    assert_eq!(text.decode(&[100_000], true).expect("decodes"), "");
}

#[test]
fn truncation_and_padding_of_the_file_are_off() {
    let text = changed(|directory| {
        edit_json(&directory.join("tokenizer.json"), |json| {
            json["truncation"] = json!({
                "direction": "Right",
                "max_length": 2,
                "strategy": "LongestFirst",
                "stride": 0
            });
            json["padding"] = json!({
                "strategy": { "Fixed": 64 }, "direction": "Right", "pad_to_multiple_of": null,
                "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>"
            });
        });
    });
    let sentence = "a sentence of a few words";
    assert_eq!(
        text.encode(sentence).expect("encodes"),
        tiny().encode(sentence).expect("encodes")
    );
}

#[test]
fn templates_are_found_where_transformers_finds_them() {
    let config = "tokenizer_config.json";
    let prompt = |text: &TextCodec| {
        let ids = text
            .encode_prompt(&[Message::user("hi")], None)
            .expect("encodes");
        text.decode(&ids, true).expect("decodes")
    };
    let named = json!([
        { "name": "tool_use", "template": "tools" },
        { "name": "default", "template": "talk" }
    ]);
    let several = changed(|directory| {
        edit_json(&directory.join(config), |json| {
            json["chat_template"] = named;
        });
    });
    assert_eq!(prompt(&several), "talk");
    let own_file = changed(|directory| {
        fs::write(directory.join("chat_template.jinja"), "file").expect("is written");
    });
    assert_eq!(prompt(&own_file), "file");
    let described = changed(|directory| {
        edit_json(&directory.join(config), |json| {
            json["bos_token"] = json!({ "content": "<|endoftext|>", "lstrip": false });
            json["chat_template"] = json!("{{ bos_token }}");
        });
    });
    assert_eq!(prompt(&described), "<|endoftext|>");
}

#[test]
fn a_model_without_a_template_is_refused() {
    let none = changed(|directory| {
        edit_json(&directory.join("tokenizer_config.json"), |json| {
            json["chat_template"] = Value::Null;
        });
    });
    let failure = none
        .encode_prompt(&[Message::user("hi")], None)
        .expect_err("is refused");
    assert!(
        failure.to_string().ends_with("has no chat template"),
        "{failure}"
    );
    assert!(
        failure
            .nearest_hint()
            .is_some_and(|hint| hint.contains("chat_template.jinja"))
    );

    let directory = copy("tiny-llama");
    edit_json(&directory.path().join("tokenizer_config.json"), |json| {
        json["chat_template"] = json!([{ "name": "tool_use", "template": "tools" }]);
    });
    let failure = TextCodec::from_directory(directory.path()).expect_err("is refused");
    assert!(
        failure
            .to_string()
            .ends_with("has no chat template named `default`"),
        "{failure}"
    );
}

#[test]
fn the_built_in_model_tokenizes_as_it_was_trained() {
    let path = crate::fetch::resolve(crate::fetch::DEFAULT_MODEL, &|_| ()).expect("is fetched");
    let policy = load::load(&path).expect("loads");
    let spec = &policy.spec;
    assert_eq!(
        (spec.num_layers, spec.hidden_size, spec.intermediate_size),
        (30, 576, 1536)
    );
    assert_eq!(
        (spec.num_heads, spec.num_kv_heads, spec.head_dim),
        (9, 3, 64)
    );
    assert_eq!(
        (
            spec.vocab_size,
            spec.max_positions,
            spec.tie_word_embeddings
        ),
        (49152, 8192, true)
    );
    assert_eq!((spec.rope_theta, &spec.eos_token_ids), (1e5, &vec![2]));

    let text = &policy.text;
    for case in golden("chat_template.json")["tokenization"]
        .as_array()
        .expect("cases")
    {
        let expected = case["text"].as_str().expect("a text");
        let tokens = text.encode(expected).expect("encodes");
        assert_eq!(tokens, ids(&case["ids"]), "{expected:?}");
        assert_eq!(text.decode(&tokens, true).expect("decodes"), expected);
    }
    for case in golden("smollm2.json")["prompts"]
        .as_array()
        .expect("prompts")
    {
        let messages: Vec<Message> =
            serde_json::from_value(case["messages"].clone()).expect("messages");
        assert_eq!(
            text.encode_prompt(&messages, None).expect("encodes"),
            ids(&case["prompt_ids"])
        );
    }
}
