//! Templates render as in transformers, and always terminate.

use std::error::Error;

use serde_json::{Value, json};
use tpo_types::{FailureKind, Message};

use super::ChatTemplate;
use super::json::as_python_writes;
use crate::fixtures::golden;

fn template(source: &str) -> ChatTemplate {
    let tokens = [("bos_token", "<s>".to_owned())].into_iter();
    ChatTemplate::new(source.to_owned(), "a-model".to_owned(), tokens).expect("compiles")
}

fn render(source: &str) -> String {
    template(source)
        .render(&[Message::user(" hi ")], true)
        .expect("renders")
}

fn refusal(source: &str) -> (String, String, String) {
    let failure = template(source)
        .render(&[Message::user("hi")], true)
        .expect_err("is refused");
    assert_eq!(failure.kind(), FailureKind::Input);
    let cause = failure
        .source()
        .map(ToString::to_string)
        .unwrap_or_default();
    (
        failure.to_string(),
        cause,
        failure.nearest_hint().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_published_template_gives_the_golden_prompts() {
    let golden = golden("chat_template.json");
    let template = template(golden["template"].as_str().expect("a template"));
    let conversations = golden["conversations"].as_array().expect("conversations");
    let prompts: Vec<&Value> = conversations
        .iter()
        .filter(|case| case["add_generation_prompt"] == true)
        .collect();
    assert!(prompts.len() >= 3);
    for case in prompts {
        let messages: Vec<Message> =
            serde_json::from_value(case["messages"].clone()).expect("messages");
        assert_eq!(
            template.render(&messages, true).expect("renders"),
            case["text"].as_str().expect("a text")
        );
    }
}

#[test]
fn templates_have_what_transformers_gives_them() {
    assert_eq!(render("{{ bos_token }}|{{ pad_token }}"), "<s>|");
    // Blocks leave no blank lines, a trailing newline of the program is not text.
    assert_eq!(
        render("a\n  {% if true %}\nb\n  {% endif %}\nc\n"),
        "a\nb\nc"
    );
    assert_eq!(
        render("{{ messages[0].content.strip() }}{{ messages[0]['role'].upper() }}"),
        "hiUSER"
    );
    assert_eq!(
        render("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
        "01"
    );
    assert_eq!(
        render(
            "{% set ns = namespace(n=1) %}{% set ns.n = 2 %}{{ ns.n }}{{ messages[::-1] | length }}"
        ),
        "21"
    );
    assert_eq!(
        render("{{ messages[0] | tojson }}"),
        r#"{"role": "user", "content": " hi "}"#
    );
    assert_eq!(render("{{ '<b> & ' + messages[0].content }}"), "<b> &  hi ");
    assert_eq!(
        render("{{ tools is defined }}{{ add_generation_prompt }}"),
        "FalseTrue"
    );
    // Today's date would make the prompt another one tomorrow.
    assert_eq!(
        render("{% if strftime_now is defined %}today{% else %}26 Jul 2024{% endif %}"),
        "26 Jul 2024"
    );
}

#[test]
fn json_is_spaced_as_in_python() {
    let value = json!({ "a": [1, 2.5, null], "b": {}, "c": "é \" <" });
    assert_eq!(
        as_python_writes(&value),
        r#"{"a": [1, 2.5, null], "b": {}, "c": "é \" <"}"#
    );
}

#[test]
fn a_template_can_refuse() {
    let (what, cause, hint) = refusal("{{ raise_exception('System role not supported') }}");
    assert_eq!(what, "the chat template of `a-model` rejects the messages");
    assert!(cause.contains("System role not supported"), "{cause}");
    assert!(
        hint.contains("some models allow no system message"),
        "{hint}"
    );
}

#[test]
fn a_template_cannot_run_away() {
    for source in [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(text='0123456789abcdef') %}{% for i in range(60) %}{% set ns.text \
            = ns.text + ns.text %}{% endfor %}",
        "{{ 'x' * 100000000000 }}",
    ] {
        let (what, _, _) = refusal(source);
        assert_eq!(what, "the chat template of `a-model` does not terminate");
    }
}

#[test]
fn a_malformed_template_is_refused() {
    let failure = ChatTemplate::new("{% for %}".to_owned(), "a-model".to_owned(), [].into_iter())
        .expect_err("is refused");
    assert_eq!(
        failure.to_string(),
        "the chat template of `a-model` cannot be parsed"
    );
    assert!(failure.source().is_some() && failure.nearest_hint().is_some());
}
