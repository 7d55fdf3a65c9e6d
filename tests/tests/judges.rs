//! The built-in judges, through the binary: in a run, in a panel, and stand-alone.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};
use tpo_tests::{Workplace, fixture, opinionated, opinionated_about};

/// A run of one iteration in a directory.
fn run<'a>(config: &'a str, directory: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &[
            "run",
            config,
            "--quiet",
            "--dir",
            directory,
            "--set",
            "iterations=1",
        ],
        more,
    ]
    .concat()
}

fn config() -> String {
    fixture("runs/tiny-full/tpo.toml").display().to_string()
}

fn count(here: &Workplace, run: &str, sql: &str) -> i64 {
    let db = Connection::open(here.path(&format!("{run}/run.db"))).expect("the run store");
    db.query_row(sql, [], |row| row.get(0)).expect("a count")
}

#[test]
fn self_taught_judges_a_run_with_a_model_on_this_machine() {
    let here = Workplace::new();
    let model = opinionated(&here, "opinionated", 30.0);
    let (config, source) = (config(), format!("models.judge.source={}", model.display()));
    let judge = [
        "--judge",
        "self-taught",
        "--set",
        "judge.config.verdict=likelier",
        "--set",
        &source,
    ];
    here.succeeds(&run(&config, "run", &judge));
    let decided = count(
        &here,
        "run",
        "SELECT count(*) FROM preferences WHERE preference IN ('first', 'second')",
    );
    assert!(decided > 20, "{decided} comparisons were decided");
    assert!(count(&here, "run", "SELECT count(*) FROM pairs") > 0);

    // Replies are cached: the same run needs no model again, but other requests do.
    fs::remove_dir_all(&model).expect("the model is removed");
    here.succeeds(&[run(&config, "again", &judge), vec!["--from", "run"]].concat());
    let replies = |run: &str| {
        count(
            &here,
            run,
            "SELECT count(*) FROM preferences WHERE slice = 'train-1'",
        )
    };
    assert_eq!(replies("run"), replies("again"));
    let refused = here.tpo(&[run(&config, "none", &judge), vec!["--set", "seed=9"]].concat());
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("opinionated"), "{}", refused.stderr);
}

#[test]
fn alpaca_eval_judges_a_run_with_a_model_on_this_machine() {
    let here = Workplace::new();
    let model = opinionated_about(["m", "M"], &here, "opinionated", 30.0);
    let (config, source) = (config(), format!("models.judge.source={}", model.display()));
    here.succeeds(&run(
        &config,
        "run",
        &["--judge", "alpaca-eval", "--set", &source],
    ));
    let count = |condition: &str| {
        let sql = format!("SELECT count(*) FROM preferences WHERE {condition}");
        count(&here, "run", &sql)
    };
    let decided = count("preference IN ('first', 'second')");
    assert!(decided > 20, "{decided} comparisons were decided");
    let wrong = "(preference LIKE 'unscored%') <> (first_probability IS NULL) \
        OR (preference = 'first') <> (coalesce(first_probability, 0) > 0.5) \
        OR (preference = 'second') <> (coalesce(first_probability, 1) < 0.5) \
        OR strength IS NOT NULL";
    assert_eq!(count(wrong), 0);
}

#[test]
fn a_panel_of_two_judges_a_run() {
    let here = Workplace::new();
    let config = fs::read_to_string(fixture("runs/tiny-full/tpo.toml")).expect("the configuration");
    let beside = fixture("runs/tiny-full");
    let config = config
        .replace("../../models", &fixture("models").display().to_string())
        .replace(
            "\"train.jsonl\"",
            &format!("\"{}\"", beside.join("train.jsonl").display()),
        )
        .replace(
            "\"validation.jsonl\"",
            &format!("\"{}\"", beside.join("validation.jsonl").display()),
        );
    let panel = r#"
        [judge]
        plugin = "panel"

        [[judge.panel]]
        plugin = "rules"
        weight = 2.0

        [[judge.panel]]
        plugin = "overlap"
        config = { against = "instruction" }
    "#;
    here.write("tpo.toml", &format!("{config}\n{panel}"));
    here.succeeds(&run("tpo.toml", "run", &[]));
    assert_eq!(
        count(
            &here,
            "run",
            "SELECT count(*) FROM plugins WHERE role = 'judge'"
        ),
        2
    );
    let mixed = "SELECT count(*) FROM judgments WHERE abs(score - (2 * json_extract(aspects, \
        '$.rules') + \
                 json_extract(aspects, '$.overlap')) / 3) > 1e-9";
    assert_eq!(count(&here, "run", mixed), 0);
    assert!(
        count(
            &here,
            "run",
            "SELECT count(*) FROM judgments WHERE score IS NOT NULL"
        ) > 0
    );
    let told = here.succeeds(&["status", "run"]).stdout;
    assert!(
        told.contains("iteration 1, judge: rules and overlap agree with Krippendorff's alpha "),
        "{told}"
    );
}

/// Instructions with two responses each and a label.
const LABELLED: &str = r#"{"id": "sea", "prompt": "Name the largest ocean on Earth.", "response_a": "The largest ocean on Earth is the Pacific.", "response_b": "Bananas are yellow and sweet.", "label": "a", "category": "facts"}
{"id": "sum", "prompt": "Add two and three.", "response_a": "Who knows?", "response_b": "Two and three add up to five.", "label": "b", "category": "numbers"}
{"id": "poem", "prompt": "Write a line about rain.", "response_a": "Rain writes a line about the window.", "response_b": "No.", "label": "b", "category": "facts"}
{"id": "tie", "prompt": "Say hi.", "response_a": "hi", "response_b": "hi!", "label": "tie"}
"#;

const OVERLAP: [&str; 4] = [
    "--judge",
    "overlap",
    "--set",
    "judge.config.against=instruction",
];

#[test]
fn a_stand_alone_judge_scores_a_file() {
    let here = Workplace::new();
    here.write("responses.jsonl", LABELLED);
    let ended = here.succeeds(
        &[
            &["judge"][..],
            &OVERLAP,
            &["--input", "responses.jsonl", "--quiet"],
        ]
        .concat(),
    );
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        (&lines[2]["id"], &lines[2]["response"]),
        (&json!("sum"), &json!(0))
    );
    assert!(lines.iter().all(|line| line["score"].is_f64()), "{lines:?}");
    assert!(lines[0]["score"].as_f64() > lines[1]["score"].as_f64());

    here.write(
        "bad.jsonl",
        "{\"id\": \"x\", \"prompt\": \"Hi.\", \"response\": \"Hello.\"}\n{\"prompt\": 3}\n",
    );
    insta::assert_snapshot!(
        "judge_bad_input",
        here.refusal(&["judge", "--judge", "overlap", "--input", "bad.jsonl"])
    );
}

#[test]
fn a_stand_alone_judge_is_compared_with_labels() {
    let here = Workplace::new();
    here.write("labelled.jsonl", LABELLED);
    let ended = here.succeeds(
        &[
            &["judge", "agree"][..],
            &OVERLAP,
            &["--input", "labelled.jsonl"],
        ]
        .concat(),
    );
    insta::assert_snapshot!("judge_agree", ended.stdout);
}

/// Categories of a data set could contain commands for the terminal.
#[test]
fn json_of_an_agreement_controls_no_terminal() {
    let here = Workplace::new();
    let hostile = "facts\u{9b}31m\u{202e}\u{7f}";
    let labeled = LABELLED.replace("facts", hostile);
    here.write("labeled.jsonl", &labeled);
    let input = ["--input", "labeled.jsonl", "--format", "json", "--quiet"];
    let ended = here.succeeds(&[&["judge", "agree"][..], &OVERLAP, &input].concat());
    assert!(
        !ended.stdout.contains(['\u{9b}', '\u{202e}', '\u{7f}']),
        "{}",
        ended.stdout
    );
    let read: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let categories = read["agreement"]["categories"].as_array();
    assert!(
        categories
            .expect("categories")
            .iter()
            .any(|category| category["category"] == hostile),
        "{read}"
    );
}

#[test]
fn a_tolerance_is_a_fraction() {
    let here = Workplace::new();
    here.write("labeled.jsonl", LABELLED);
    for tolerance in ["nan", "7", "-0.1", "1.01", "inf"] {
        let option = format!("--tolerance={tolerance}");
        let input = ["--input", "labeled.jsonl", "--quiet", &option];
        let ended = here.tpo(&[&["judge", "stress-test"][..], &OVERLAP, &input].concat());
        assert_eq!(ended.code, 2, "{tolerance}: {}", ended.stderr);
        assert!(ended.stderr.contains("between 0 and 1"), "{}", ended.stderr);
    }
}

#[test]
fn a_stress_test_finds_a_judge_that_prefers_junk() {
    let here = Workplace::new();
    here.write("labelled.jsonl", LABELLED);
    let ended = here.tpo(
        &[
            &["judge", "stress-test"][..],
            &OVERLAP,
            &["--input", "labelled.jsonl", "--quiet"],
        ]
        .concat(),
    );
    insta::assert_snapshot!(
        "judge_stress_test",
        format!("exit {}\n{}{}", ended.code, ended.stdout, ended.stderr)
    );
}

#[test]
fn a_model_that_is_not_bound_is_missed_before_anything_is_sampled() {
    let here = Workplace::new();
    let config = config();
    let model = format!(
        "models.judje.source={}",
        fixture("models/tiny-llama").display()
    );
    let options = ["--judge", "llm-rubric", "--set", &model, "--dry-run"];
    let refusal = here.refusal(&run(&config, "run", &options));
    assert!(
        refusal.starts_with("exit 2")
            && refusal.contains("the judge `llm-rubric` asks for the model `judge`, which is not")
            && refusal.contains("`[models.judge]`, or set the judge's `config.model` to `judje`"),
        "{refusal}"
    );
    let alias = [&options[..], &["--set", "judge.config.model=judje"]].concat();
    here.succeeds(&run(&config, "run", &alias));
    assert!(!here.path("run").exists(), "a dry run leaves a directory");
}

#[test]
fn invalid_judge_settings_are_refused() {
    let here = Workplace::new();
    let config = config();
    let model = format!(
        "models.judge.source={}",
        fixture("models/tiny-llama").display()
    );
    let refusals = [
        run(&config, "run", &["--set", &model]),
        run(&config, "run", &["--judge", "self-taught"]),
        run(&config, "run", &["--judge", "panel"]),
        run(&config, "run", &["--set", "judge.max_unscored=1.5"]),
        run(
            &config,
            "run",
            &["--judge", "reward-model", "--set", &model],
        ),
        run(&config, "run", &["--judge", "armo", "--set", &model]),
    ];
    let told: Vec<String> = refusals
        .iter()
        .map(|arguments| format!("{}\n{}", arguments[7..].join(" "), here.refusal(arguments)))
        .collect();
    let told = told
        .join("\n\n")
        .replace(&fixture("").display().to_string(), "[fixtures]/");
    insta::assert_snapshot!(
        "judge_refusals",
        told.replace("[repository]/tests/fixtures/", "[fixtures]/")
    );
}
