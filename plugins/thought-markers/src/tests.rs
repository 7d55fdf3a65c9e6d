//! Properties of every completion and every format, which the host relies on.

use proptest::prelude::*;
use serde_json::json;
use tpo_plugin::{Completion, Instruction, Message, Plugin, ResponseParser};

use crate::format::Format;

fn format(config: &str) -> Format {
    Format::new(serde_json::from_str(config).expect("shape")).expect("configuration")
}

fn formats() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![
        "{}",
        r#"{"preset": "specific"}"#,
        r#"{"preset": "direct"}"#,
        r#"{"prompt": "Think in {instruction}", "thought_marker": "<think>", "response_marker": "</think>"}"#,
        r#"{"prompt": "Think.", "response_marker": "Answer:"}"#,
    ])
    .prop_map(format)
}

/// Texts in which markers, whole or broken, are common.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "\\PC{0,6}",
        prop::sample::select(vec![
            "Here is my thought process:",
            "here’s my thought process",
            "Here is my response:",
            "**Here's my response:**",
            "<R>",
            "<think>",
            "</think>",
            "Answer:",
            "\n",
            "## ",
            "é’s",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(pieces, 0..10).prop_map(|pieces| pieces.concat())
}

fn completion(text: String, truncated: bool) -> Completion {
    Completion {
        text,
        truncated,
        extra: Vec::new(),
    }
}

fn instruction(turns: &[(&str, &str)]) -> Instruction {
    let message = |(role, content): &(&str, &str)| Message {
        role: (*role).into(),
        content: (*content).into(),
    };
    Instruction {
        messages: turns.iter().map(message).collect(),
        ..Instruction::default()
    }
}

proptest! {
    #[test]
    fn parts_occur_in_the_text_in_order(format in formats(), text in texts(), truncated: bool) {
        let Ok(parts) = format.parse(&completion(text.clone(), truncated)) else { return Ok(()) };
        prop_assert!(!truncated && !parts.response.is_empty());
        let after = match &parts.thought {
            Some(thought) => {
                text.find(thought.as_str()).expect("the thought is in it") + thought.len()
            }
            None => 0,
        };
        prop_assert!(text[after..].contains(&parts.response));
    }

    #[test]
    fn what_the_format_asks_for_parses_back(
        format in formats(),
        thought in "[a-z ]{0,20}",
        response in "[a-z ]{0,9}z",
    ) {
        let prompt = format.render(&instruction(&[("user", "x")])).expect("rendered");
        let text = match &prompt.response_marker {
            Some(marker) => {
                let prefill = prompt.prefill.unwrap_or_default();
                format!("{prefill}{thought}{marker}{response}")
            }
            None => response.clone(),
        };
        let parts = format.parse(&completion(text, false)).expect("parsed");
        prop_assert_eq!(parts.thought, prompt.response_marker.map(|_| thought.trim().to_owned()));
        prop_assert_eq!(parts.response, response.trim());
    }

    #[test]
    fn any_markers_are_found_where_the_host_writes_them(
        first in "[A-Za-z:'’*_#<> .]{2,12}",
        second in "[A-Za-z:'’*_#<> .]{2,12}",
        thought in "[0-9\n ]{0,9}",
        response in "[0-9]{1,9}",
    ) {
        let config = json!({
            "prompt": "Think.",
            "thought_marker": first,
            "response_marker": second,
        });
        let Ok(format) = Format::new(serde_json::from_value(config).expect("shape")) else {
            return Ok(());
        };
        let prompt = format.render(&instruction(&[("user", "x")])).expect("rendered");
        let prefill = prompt.prefill.expect("prefill");
        let marker = prompt.response_marker.expect("marker");
        let text = format!("{prefill}{thought}{marker}{response}");
        let parts = format.parse(&completion(text, false)).expect("parsed");
        prop_assert_eq!(parts.thought.as_deref(), Some(thought.trim()));
        prop_assert_eq!(parts.response, response);
    }
}

#[test]
fn the_paper_s_prompts_word_for_word() {
    let generic = format("{}")
        .render(&instruction(&[("user", "Why?")]))
        .expect("rendered");
    assert_eq!(
        generic.messages[0].content,
        "Respond to the following user query in a comprehensive and detailed way. You can write \
         down your thought process before responding. Write your thoughts after \"Here is my \
         thought process:\" and write your response after \"Here is my response:\".\n\n\
         User query: Why?"
    );
    assert_eq!(
        generic.prefill.as_deref(),
        Some("Here is my thought process:")
    );
    assert_eq!(
        generic.response_marker.as_deref(),
        Some("\n\nHere is my response:")
    );

    let specific = format(r#"{"preset": "specific"}"#)
        .render(&instruction(&[("user", "Why?")]))
        .expect("rendered");
    assert_eq!(
        specific.messages[0].content,
        "Respond to the following user query in a comprehensive and detailed way. But first write \
         down your internal thoughts. This must include your draft response and its evaluation. \
         After this, write your final response after \"<R>\".\n\nUser query: Why?"
    );
    assert_eq!(
        (specific.prefill, specific.response_marker.as_deref()),
        (None, Some("\n\n<R>"))
    );
}

#[test]
fn only_the_last_turn_is_rewritten() {
    let turns = [
        ("system", "Be kind."),
        ("user", "Hi."),
        ("assistant", "Hello."),
        ("user", "Why?"),
    ];
    let own = format(r#"{"prompt": "Think.", "response_marker": "Answer:"}"#);
    let prompt = own.render(&instruction(&turns)).expect("rendered");
    let contents: Vec<_> = prompt
        .messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    assert_eq!(contents, ["Be kind.", "Hi.", "Hello.", "Think.\n\nWhy?"]);

    let direct = format(r#"{"preset": "direct"}"#)
        .render(&instruction(&turns))
        .expect("rendered");
    assert_eq!(direct.messages, instruction(&turns).messages);
    assert_eq!((direct.prefill, direct.response_marker), (None, None));
}

#[test]
fn an_instruction_that_ends_with_another_s_turn_is_not_rendered() {
    for turns in [&[][..], &[("user", "Hi."), ("assistant", "Hello.")]] {
        assert!(format("{}").render(&instruction(turns)).is_err());
    }
}
