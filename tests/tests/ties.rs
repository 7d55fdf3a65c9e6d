//! `tpo eval`: what is equal but for the rounding of numbers is a tie, and the samples of two
//! models meet in the order in which they were asked for.

use serde_json::Value;
use tpo_tests::Workplace;

const INSTRUCTIONS: usize = 40;

/// Two models with recorded responses under one judge.
fn evaluate(here: &Workplace, judge: &str, more: &[&str]) -> Value {
    here.write(
        "eval.toml",
        &format!(
            r#"
name = "ties"

[[model]]
name = "base"
responses = "base.jsonl"

[[model]]
name = "new"
responses = "new.jsonl"

[[set]]
name = "s"
data = "s.jsonl"
judges = ["j"]
{judge}"#
        ),
    );
    let command = [
        "--quiet",
        "eval",
        "eval.toml",
        "--dir",
        "eval",
        "--format",
        "json",
    ];
    let told = here.succeeds(&[&command, more].concat()).stdout;
    serde_json::from_str(&told).expect("JSON")
}

/// A file with a row per instruction and response.
fn responses(here: &Workplace, file: &str, of: impl Fn(usize) -> Vec<String>) {
    let rows = (0..INSTRUCTIONS).flat_map(|at| {
        let rows = of(at).into_iter();
        rows.map(move |response| format!(r#"{{"id": "i{at}", "response": "{response}"}}"#))
    });
    here.write(file, &rows.collect::<Vec<_>>().join("\n"));
}

fn comparison(results: &Value) -> &Value {
    &results["sets"][0]["subjects"][1]["against_first"]
}

/// Three answers, of which the judges want one each: weights 0.1 + 0.2 and 0.3 are one half each.
const PANEL: &str = r#"
[judges.j]
plugin = "panel"
panel = [
    { name = "one", plugin = "exact", weight = 0.1, config = { answers_field = "first" } },
    { name = "two", plugin = "exact", weight = 0.2, config = { answers_field = "first" } },
    { name = "three", plugin = "exact", weight = 0.3, config = { answers_field = "second" } },
]
"#;

fn panel_of_three(malformed: usize) -> Value {
    let here = Workplace::new();
    let set = (0..INSTRUCTIONS).map(|at| {
        format!(r#"{{"id": "i{at}", "prompt": "w{at}", "first": ["beta"], "second": ["alpha"]}}"#)
    });
    here.write("s.jsonl", &set.collect::<Vec<_>>().join("\n"));
    responses(&here, "base.jsonl", |_| vec!["alpha".into()]);
    responses(&here, "new.jsonl", |at| {
        let is_empty = at < malformed;
        vec![if is_empty { "" } else { "beta" }.into()]
    });
    evaluate(&here, PANEL, &[])
}

#[test]
fn weights_that_add_up_to_the_same_are_a_tie() {
    let results = panel_of_three(0);
    let compared = comparison(&results);
    assert_eq!(compared["ties"], INSTRUCTIONS, "{compared}");
    assert_eq!(compared["value"], 0.0);
    assert_eq!(compared["conclusion"], "no difference detected");
}

#[test]
fn a_model_that_answers_nothing_is_worse_than_one_with_equal_scores() {
    let results = panel_of_three(INSTRUCTIONS - 1);
    let compared = comparison(&results);
    assert_eq!(compared["unit"], "win_rate", "{compared}");
    assert_eq!(compared["ties"], 1);
    assert_eq!(compared["conclusion"], "got worse");
}

/// `rules` gives the share of the constraints that hold: here, of so many, as many as the response
/// has of the first letters of the alphabet.
fn letters(here: &Workplace, constraints: usize) {
    let constraint = |letter: char| {
        format!(r#"{{"id": "keywords:existence", "kwargs": {{"keywords": ["{letter}{letter}"]}}}}"#)
    };
    let constraints: Vec<String> = ('a'..='j').map(constraint).take(constraints).collect();
    let constraints = constraints.join(", ");
    let set = (0..INSTRUCTIONS).map(|at| {
        format!(r#"{{"id": "i{at}", "prompt": "w{at}", "constraints": [{constraints}]}}"#)
    });
    here.write("s.jsonl", &set.collect::<Vec<_>>().join("\n"));
}

/// A response that as many of the constraints hold for.
fn holding(constraints: usize) -> String {
    let words = ('a'..='j').take(constraints);
    let words: Vec<String> = words.map(|letter| format!("{letter}{letter}")).collect();
    if words.is_empty() {
        "none".into()
    } else {
        words.join(" ")
    }
}

const RULES: &str = r#"
[judges.j]
plugin = "rules"
"#;

#[test]
fn the_same_scores_in_another_order_are_a_tie() {
    let here = Workplace::new();
    letters(&here, 10);
    let scores = |at: usize| [1 + at % 3, 2 + at % 5, 3 + at % 7];
    responses(&here, "base.jsonl", |at| scores(at).map(holding).to_vec());
    responses(&here, "new.jsonl", |at| {
        let [one, two, three] = scores(at);
        [three, one, two].map(holding).to_vec()
    });
    let results = evaluate(&here, RULES, &["--set", "set[0].num_samples=3"]);
    let compared = comparison(&results);
    assert_eq!(compared["ties"], INSTRUCTIONS, "{compared}");
    assert_eq!(compared["conclusion"], "no difference detected");
}

#[test]
fn thirds_that_add_up_to_the_same_are_a_tie() {
    let here = Workplace::new();
    letters(&here, 3);
    responses(&here, "base.jsonl", |_| vec![holding(1), holding(1)]);
    responses(&here, "new.jsonl", |_| vec![holding(2), holding(0)]);
    let results = evaluate(&here, RULES, &["--set", "set[0].num_samples=2"]);
    let compared = comparison(&results);
    assert_eq!(compared["ties"], INSTRUCTIONS, "{compared}");
    assert_eq!(compared["p_value"], 1.0);
}

#[test]
fn a_mean_at_the_threshold_passes() {
    let here = Workplace::new();
    letters(&here, 10);
    for tenths in 1..10 {
        for file in ["base.jsonl", "new.jsonl"] {
            responses(&here, file, |_| vec![holding(tenths)]);
        }
        evaluate(&here, RULES, &["--fail-below", &format!("s=0.{tenths}")]);
    }
}

#[test]
fn a_malformed_completion_keeps_its_place() {
    let here = Workplace::new();
    letters(&here, 10);
    responses(&here, "base.jsonl", |_| vec![String::new(), holding(8)]);
    responses(&here, "new.jsonl", |_| vec![holding(4), String::new()]);
    let results = evaluate(&here, RULES, &["--set", "set[0].num_samples=2"]);
    // One win and one loss, and not a loss and two that are malformed together.
    let compared = comparison(&results);
    assert_eq!(compared["value"], 0.5, "{compared}");
}
