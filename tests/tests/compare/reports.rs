//! The whole report.

use serde_json::{Value, json};
use tpo_tests::Workplace;

use crate::crafted::{Crafted, INSTRUCTIONS, compared, good, origin};

/// Better than [`good`] by 0.1 and more on math, and by nothing on average on the others; the last
/// one is unscored.
fn better(index: usize) -> Value {
    let good = 0.6 + index as f64 / 100.0;
    match index {
        0..7 => json!({"scored": good + 0.1 + index as f64 / 50.0}),
        13 => json!("unscored"),
        _ => json!({"scored": good + if index.is_multiple_of(2) { 0.03 } else { -0.03 }}),
    }
}

#[test]
fn two_runs_side_by_side() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "runs/a").scores(1, good);
    Crafted::copy(&here, "runs/b")
        .scores(1, better)
        .setting("$.train.beta", &json!(0.5))
        .setting("$.data.train", &json!("/data/two/train.jsonl"))
        .setting("$.validation[0].resample", &json!(2));
    Crafted::copy(&here, "runs/c")
        .scores(1, good)
        .setting("$.seed", &json!(8));
    let shown = here.succeeds(&["compare", "runs/a", "runs/b", "runs/c@base"]);
    insta::assert_snapshot!(shown.stdout);
}

#[test]
fn numbers_for_programs_are_those_counted_by_hand() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a").scores(1, good);
    Crafted::copy(&here, "b").scores(1, better);
    let report = compared(&here, &["a", "b"]);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["runs"][0]["label"], "a");
    assert_eq!(report["settings"], json!([]));
    assert_eq!(report["components"], json!([]));
    let set = &report["validation_sets"][0];
    let other = &set["others"][0];
    assert_eq!(other["shared_instructions"], INSTRUCTIONS);
    let close = |told: &Value, expected: f64| {
        let told = told.as_f64().expect("a number");
        assert!((told - expected).abs() < 1e-9, "{told} is not {expected}");
    };
    let measured = &other["measured"];
    assert_eq!(measured["unscored"], 1);
    // On math 0.1 + 0, 0.02 ... 0.12; on chat three times 0.03 up and three times down.
    let math = (0..7)
        .map(|index| 0.1 + f64::from(index) / 50.0)
        .sum::<f64>();
    close(&measured["comparison"]["mean"], math / 13.0);
    assert_eq!(measured["comparison"]["instructions"], 13);
    assert_eq!(measured["comparison"]["verdict"], "improved");
    let categories = measured["categories"].as_array().expect("categories");
    let names: Vec<&Value> = categories.iter().map(|one| &one["category"]).collect();
    assert_eq!(names, ["chat", "math"]);
    close(&categories[1]["comparison"]["mean"], math / 7.0);
    assert_eq!(categories[1]["comparison"]["verdict"], "improved");
    assert_eq!(
        categories[0]["comparison"]["verdict"],
        "no difference detected"
    );
    // Two tests: the smaller p counts twice, 2 of the 128 ways to sign seven differences.
    close(
        &categories[1]["comparison"]["adjusted_p_value"],
        2.0 * 2.0 / 128.0,
    );
    close(&other["tokens"]["first"]["tokens_per_completion"], 5.0);
    close(&other["tokens"]["other"]["response_tokens_mean"], 3.0);
    let points = &set["by_iteration"]["runs"][1]["points"];
    close(&points[0]["value"], 0.5);
    assert_eq!(points[1]["iteration"], 1);
}

#[test]
fn tokens_are_those_of_the_measurement() {
    let here = Workplace::new();
    origin(&here);
    let report = compared(&here, &["origin@base", "origin@1"]);
    let status = here
        .succeeds(&["status", "origin", "--format", "json"])
        .stdout;
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let sampled = &status["measurements"][0]["sampled"];
    let tokens = &report["validation_sets"][0]["tokens"];
    for key in [
        "thought_tokens_mean",
        "response_tokens_mean",
        "tokens_per_completion",
    ] {
        let [told, counted] =
            [&tokens[key], &sampled[key]].map(|one| one.as_f64().expect("a number"));
        assert!(
            (told - counted).abs() < 1e-9,
            "{key}: {told} is not {counted}"
        );
    }
}

#[test]
fn win_rates_against_one_base_model_are_compared_for_what_they_are() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a")
        .wins(0, |_| None)
        .wins(1, |index| Some(if index < 3 { 1.0 } else { 0.5 }));
    let b = Crafted::copy(&here, "b");
    b.wins(0, |_| None)
        .wins(1, |index| Some(if index < 12 { 1.0 } else { 0.0 }));
    let shown = here.succeeds(&["compare", "a@1", "b@1"]).stdout;
    insta::assert_snapshot!(shown);
    b.sql("UPDATE measurements SET model = 'sha256:0' WHERE iteration = 0");
    let shown = here.succeeds(&["compare", "a@1", "b@1"]).stdout;
    assert!(
        shown.contains("not compared: this set's judge only compares"),
        "{shown}"
    );
    assert!(!shown.contains("points"), "{shown}");
}
