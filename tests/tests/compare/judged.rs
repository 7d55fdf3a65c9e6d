//! Responses of two runs under a judge of the command line.

use tpo_tests::{Workplace, build_guest, opinionated, root};

use crate::crafted::{Crafted, compared, good, id, origin};

#[test]
fn a_judge_that_compares_counts_wins_of_the_first_run() {
    let here = Workplace::new();
    origin(&here);
    let a = Crafted::copy(&here, "a");
    let b = Crafted::copy(&here, "b");
    a.scores(1, good);
    b.scores(1, good);
    // Longer in a five times, shorter twice, malformed in a once and in b twice; else equal.
    for index in 0..5 {
        a.responds(index, "a much longer response than the other");
    }
    for index in 5..7 {
        b.responds(index, "a much longer response than the other");
    }
    let malformed = |index: usize| {
        format!(
            "UPDATE candidates SET response = NULL, malformed = 'x' \
             WHERE instruction_id = '{}' AND slice LIKE 'validation/1.%'",
            id(index)
        )
    };
    a.sql(&malformed(7));
    b.sql(&malformed(8)).sql(&malformed(9));
    let judge = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    let judge = judge.display().to_string();
    let report = compared(&here, &["a@1", "b@1", "--judge", &judge]);
    let judged = &report["validation_sets"][0]["others"][0]["judged"];
    let comparison = &judged["result"]["comparison"];
    assert_eq!(comparison["unit"], "win_rate");
    assert_eq!(judged["result"]["of"], "a@1");
    assert_eq!(judged["result"]["against"], "b@1");
    let rate = comparison["mean"].as_f64().expect("a rate");
    assert!((rate - (7.0 + 4.0 * 0.5) / 14.0).abs() < 1e-9, "{rate}");
    // Both orders of the eleven pairs that parsed.
    assert_eq!(judged["consistency"]["comparisons"]["count"], 22);
    let shown = here
        .succeeds(&["compare", "a@1", "b@1", "--judge", &judge])
        .stdout;
    let told: Vec<&str> = shown
        .lines()
        .skip_while(|line| !line.contains("judged by"))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_judge_that_scores_compares_scores() {
    let here = Workplace::new();
    origin(&here);
    Crafted::copy(&here, "a")
        .scores(1, good)
        .responds(0, "Tell me about number 0 in a few words.");
    Crafted::copy(&here, "b").scores(1, good);
    let arguments = [
        "a@1",
        "b@1",
        "--judge",
        "overlap",
        "--set",
        "judge.config.against=instruction",
    ];
    let report = compared(&here, &arguments);
    let judged = &report["validation_sets"][0]["others"][0]["judged"];
    let comparison = &judged["result"]["comparison"];
    assert_eq!(comparison["unit"], "score_difference");
    assert!(
        comparison["mean"].as_f64().expect("a number") > 0.0,
        "{judged}"
    );
    assert_eq!(comparison["instructions"], 14);
}

#[test]
fn a_judge_that_asks_a_compared_model_is_warned_of_and_asked_once() {
    let here = Workplace::new();
    origin(&here);
    let model = opinionated(&here, "opinionated", 30.0);
    let identity = "UPDATE run SET value = ? WHERE key = 'base_model'";
    for name in ["a", "b"] {
        let path = model.canonicalize().expect("a path").display().to_string();
        let crafted = Crafted::copy(&here, name);
        crafted.sql(&identity.replace('?', &format!("'{path}'")));
        // Three instructions are enough.
        crafted.sql(&format!(
            "UPDATE instructions SET body = json_set(body, '$.reference', '{name}') \
             WHERE id > 'v-02'"
        ));
    }
    let binding = format!("judge={}", model.display());
    let arguments = [
        "compare",
        "a@base",
        "b@base",
        "--judge",
        "self-taught",
        "--model",
        &binding,
        "--replies",
        "replies.db",
    ];
    let first = here.succeeds(&arguments).stdout;
    assert!(first.contains("favors its own answers"), "{first}");
    let replies = std::fs::read(here.path("replies.db")).expect("replies");
    // The replies are there already, so the model need not be.
    std::fs::rename(&model, here.path("gone")).expect("a rename");
    let again = here.succeeds(&arguments).stdout;
    let numbers = |shown: &str| {
        let lines = shown.lines().filter(|line| line.contains("judged by"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&again), numbers(&first));
    assert_eq!(
        std::fs::read(here.path("replies.db")).expect("replies"),
        replies
    );
}
