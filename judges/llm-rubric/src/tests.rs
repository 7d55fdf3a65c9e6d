use tpo_plugin::configured;
use tpo_plugin::model::TokenLogProb;

use super::*;

fn judge(config: &str) -> Rubric {
    configured(config).expect("a judge")
}

fn reply(text: &str, tokens: &[&[(&str, f64)]]) -> ChatReply {
    let token = |(token, probability): &(&str, f64)| TokenLogProb {
        token: (*token).into(),
        log_prob: probability.ln(),
    };
    let top_log_probs = tokens
        .iter()
        .map(|tokens| tokens.iter().map(token).collect())
        .collect();
    ChatReply {
        text: text.into(),
        truncated: false,
        top_log_probs,
        extra: Vec::new(),
    }
}

#[test]
fn a_written_rating_is_the_score() {
    let judge = judge("{}");
    let scored = judge
        .read(&reply("Clear and short.\nScore: 4", &[]))
        .expect("a score");
    assert_eq!(
        (scored.value, scored.rationale.as_deref()),
        (4.0, Some("Clear and short.\nScore: 4"))
    );
    assert_eq!(
        judge.read(&reply("Score: 6", &[])),
        Err("rating off the scale".into())
    );
    assert_eq!(
        judge.read(&reply("Four of five.", &[])),
        Err("no rating".into())
    );
}

#[test]
fn the_expected_rating_is_a_mean() {
    let judge = judge(r#"{"score": "expected"}"#);
    let scored = judge
        .read(&reply(" 4", &[&[(" 4", 0.6), (" 5", 0.2), (" The", 0.2)]]))
        .expect("a score");
    assert!((scored.value - 4.25).abs() < 1e-12, "{}", scored.value);
    let after_a_space = reply(" 2", &[&[(" ", 0.9), ("2", 0.1)], &[("2", 1.0)]]);
    assert!((judge.read(&after_a_space).expect("a score").value - 2.0).abs() < 1e-12);
    let something_else = reply(" 2", &[&[(" 2", 0.4), (" I", 0.39)]]);
    assert_eq!(judge.read(&something_else), Err("no rating".into()));
    assert_eq!(judge.read(&reply("", &[])), Err("no rating".into()));
}

#[test]
fn an_expected_rating_is_requested_after_its_marker() {
    let judge = judge(r#"{"score": "expected"}"#);
    let request = judge.request("Say hello.", "Hello!");
    assert_eq!(request.prefill.as_deref(), Some("Score:"));
    assert!(request.top_log_probs >= 9);
    assert!(
        request.messages[1]
            .content
            .contains("<response>\nHello!\n</response>")
    );
}

#[test]
fn wrong_settings_are_refused_by_key() {
    for (config, refusal) in [
        (r#"{"rubric": " "}"#, "`rubric` is empty"),
        (
            r#"{"scale": 1}"#,
            "`scale` is 1; it must be between 2 and 100",
        ),
        (
            r#"{"score": "expected", "scale": 10}"#,
            "it must be at most 9 with `score`",
        ),
        (
            r#"{"max_new_tokens": 0}"#,
            "`max_new_tokens` is 0; it must be at least 1",
        ),
        (
            r#"{"temperature": 11}"#,
            "`temperature` is 11; it must be between 0 and 10",
        ),
        (
            r#"{"attempts": 0}"#,
            "`attempts` is 0; it must be between 1 and 10",
        ),
    ] {
        let refused = configured::<Rubric>(config).expect_err(config);
        assert!(refused.contains(refusal), "{config}: {refused}");
    }
}
