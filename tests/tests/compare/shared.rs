//! What two runs share: instructions, judges, models.

use serde_json::json;
use tpo_tests::Workplace;

use crate::crafted::{Crafted, compared, good, origin};

/// The lines of a report that have `part` in them.
fn lines(shown: &str, part: &str) -> String {
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains(part)).collect();
    lines.join("\n")
}

#[test]
fn sets_are_compared_on_the_instructions_that_both_have() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    let b = Crafted::copy(&here, "b");
    b.scores(1, good).sql(
        "UPDATE instructions SET body = json_set(body, '$.messages[0].content', 'Another task.') \
         WHERE id IN ('v-00', 'v-01')",
    );
    let report = compared(&here, &["a", "b"]);
    let set = &report["validation_sets"][0];
    assert_eq!(set["others"][0]["shared_instructions"], 12);
    assert_eq!(set["by_iteration"]["instructions"], 12);
    let shown = here.succeeds(&["compare", "a", "b"]).stdout;
    insta::assert_snapshot!("some_shared", lines(&shown, "share "));

    b.sql(
        "UPDATE instructions SET body = json_set(body, '$.reference', 'x') \
         WHERE split = 'validation'",
    );
    let shown = here.succeeds(&["compare", "a", "b"]).stdout;
    insta::assert_snapshot!("none_shared", lines(&shown, "compared"));
}

#[test]
fn a_set_of_another_name_is_found_by_its_instructions() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    Crafted::copy(&here, "b").scores(1, good).sql(
        "UPDATE run SET value = '[\"held-out\"]' WHERE key = 'validation_sets'; \
         UPDATE run SET value = json_set(value, '$.validation[0].name', 'held-out') \
         WHERE key = 'config'; \
         UPDATE instructions SET split = 'held-out' WHERE split = 'validation'; \
         UPDATE measurements SET set_name = 'held-out', \
         body = json_set(body, '$.set', 'held-out');",
    );
    let report = compared(&here, &["a", "b"]);
    let other = &report["validation_sets"][0]["others"][0];
    assert_eq!(other["set"], "held-out");
    assert_eq!(other["measured"]["comparison"]["instructions"], 14);
}

#[test]
fn scores_of_two_judges_are_not_compared() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    let b = Crafted::copy(&here, "b");
    b.scores(1, good).sql(
        "UPDATE plugins SET sha256 = '0123456789abcdef' || substr(sha256, 17) \
         WHERE role = 'judge'",
    );
    let shown = here.succeeds(&["compare", "a", "b"]).stdout;
    insta::assert_snapshot!("other_code", lines(&shown, "judge"));
    b.sql("UPDATE plugins SET sha256 = (SELECT sha256 FROM plugins WHERE role = 'judge')")
        .setting("$.judge.config.min_words", &json!(3));
    let report = compared(&here, &["a", "b"]);
    let other = &report["validation_sets"][0]["others"][0];
    assert!(!other["not_compared"]["other_judge"].is_null(), "{other}");
    assert!(other["measured"].is_null(), "{other}");
}

#[test]
fn models_and_samplings_that_are_the_same_or_not_are_told() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a");
    Crafted::copy(&here, "b").setting("$.sampling.temperature", &json!(0.5));
    let shown = here.succeeds(&["compare", "a@base", "b@base"]).stdout;
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        lines(&shown, "same model"),
        lines(&shown, "sampled their answers"),
        lines(&shown, "vs. a@base:"),
    ));
}
