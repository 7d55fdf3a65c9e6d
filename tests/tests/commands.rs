//! Commands that need no run: their complete output.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tpo_tests::{Workplace, fixture};

#[test]
fn help() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["--help"]).stdout);
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["run", "--help"]).stdout);
}

#[test]
fn help_of_compare() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["compare", "--help"]).stdout);
}

#[test]
fn the_built_in_plugins() {
    insta::assert_snapshot!(Workplace::new().succeeds(&["plugin", "list"]).stdout);
}

#[test]
fn init_writes_a_configuration_once() {
    let here = Workplace::new();
    here.succeeds(&["init", "mine"]);
    assert!(here.path("mine/tpo.toml").exists() && here.path("mine/train.jsonl").exists());
    insta::assert_snapshot!(here.refusal(&["init", "mine"]));
    // Two directories are two runs.
    let config = fs::read_to_string(here.path("mine/tpo.toml")).expect("the configuration");
    assert!(config.contains("\nname = \"mine\"\n"), "{config}");
}

/// `tpo ... 2>&1 | head` closes the pipe early.
#[test]
fn a_closed_stderr_does_not_change_the_exit_code() {
    let here = Workplace::new();
    let mut tpo = here
        .command(&["status", "nowhere"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tpo starts");
    drop(tpo.stderr.take());
    let code = tpo.wait().expect("tpo ends").code();
    assert_eq!(code, Some(here.tpo(&["status", "nowhere"]).code));
}

#[test]
fn completions_list_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Workplace::new().succeeds(&["completions", shell]).stdout;
        assert!(script.contains("quickstart"), "{shell}");
    }
}

#[test]
fn a_benchmark_has_a_row_per_work() {
    let here = Workplace::new();
    let model = fixture("models/tiny-llama").display().to_string();
    let options = [
        "--precision",
        "f32",
        "--new-tokens",
        "3",
        "--format",
        "json",
    ];
    let command = [&["--quiet", "bench", &model], &options[..]].concat();
    let results: Value = serde_json::from_str(&here.succeeds(&command).stdout).expect("JSON");
    let rows = results["rows"].as_array().expect("rows");
    let works: Vec<(&str, u64)> = rows
        .iter()
        .map(|row| {
            let work = row["work"].as_str().expect("a work");
            (work, row["rows"].as_u64().expect("a number"))
        })
        .collect();
    let expected = [
        ("sample", 64),
        ("sample", 8),
        ("sample", 1),
        ("train lora", 8),
        ("train full", 8),
    ];
    assert_eq!(works, expected);
    let refusal = here.refusal(&["bench", &model, "--precision", "fp8"]);
    assert!(
        refusal.contains("expected one of `auto`, `f32`"),
        "{refusal}"
    );
    let refusal = here.refusal(&["bench", &model, "--new-tokens", "1000"]);
    assert!(
        refusal.contains("exceeds the model's context of 512"),
        "{refusal}"
    );
}
