//! What cannot be compared, or says nothing, is told by name.

use serde_json::json;
use tpo_tests::Workplace;

use crate::crafted::{Crafted, compared, good, origin};

#[test]
fn refusals() {
    let here = Workplace::new();
    origin(&here);
    let a = Crafted::copy(&here, "a");
    a.scores(1, good);
    Crafted::copy(&here, "b").scores(1, good);
    Crafted::copy(&here, "empty").sql("DELETE FROM measurements; DELETE FROM iterations");
    Crafted::copy(&here, "old").sql("PRAGMA user_version = 1");
    insta::assert_snapshot!("one_run", here.refusal(&["compare", "a"]));
    insta::assert_snapshot!("a_run_twice", here.refusal(&["compare", "a", "b", "./a"]));
    let twice = here.refusal(&["compare", "a", "a@1"]);
    assert!(
        twice.contains("`a` and `a@1` are the same model"),
        "{twice}"
    );
    insta::assert_snapshot!("no_such_iteration", here.refusal(&["compare", "a", "b@7"]));
    insta::assert_snapshot!("no_such_model", here.refusal(&["compare", "a", "b@last"]));
    insta::assert_snapshot!("no_such_run", here.refusal(&["compare", "a", "nowhere"]));
    insta::assert_snapshot!("nothing_measured", here.refusal(&["compare", "a", "empty"]));
    let old = here.refusal(&["compare", "a", "old"]);
    assert!(old.contains("`old/run.db` has version 1"), "{old}");
    insta::assert_snapshot!(
        "a_model_without_a_judge",
        here.refusal(&["compare", "a", "b", "--model", "judge=x"])
    );
}

#[test]
fn two_models_of_one_run_are_compared() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    let report = compared(&here, &["a@base", "a"]);
    let comparison = &report["validation_sets"][0]["others"][0]["measured"]["comparison"];
    assert_eq!(comparison["verdict"], "improved");
}

/// The sentence on two runs whose second has these scores.
fn sentence(here: &Workplace, b: &Crafted, score: impl Fn(usize) -> serde_json::Value) -> String {
    b.scores(1, score);
    let shown = here.succeeds(&["compare", "a@1", "b@1"]).stdout;
    let sentence = shown.lines().find(|line| line.contains("b@1 vs. a@1"));
    sentence.expect("a sentence").to_owned()
}

#[test]
fn outcomes_that_say_nothing() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    let b = Crafted::copy(&here, "b");
    let told = [
        sentence(&here, &b, good),
        sentence(&here, &b, |_| json!("unscored")),
        sentence(&here, &b, |index| match index {
            0 => json!({"scored": 0.9}),
            _ => json!("unscored"),
        }),
        sentence(&here, &b, |index| match index {
            0 => json!("malformed"),
            _ => good(index),
        }),
    ];
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_run_in_progress_is_compared_as_far_as_it_is() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    Crafted::copy(&here, "b")
        .sql("DELETE FROM iterations; DELETE FROM measurements WHERE iteration > 0");
    let shown = here.succeeds(&["compare", "a", "b"]).stdout;
    assert!(
        shown.contains("b: 0 of 1 iterations are finished; its best model may change"),
        "{shown}"
    );
    assert!(
        shown.contains("b, base model vs. a, iteration 1: got worse"),
        "{shown}"
    );
}
