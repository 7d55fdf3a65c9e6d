//! `tpo eval`: models with thought prompts on sets under judges, resumed, re-scored, and refused.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use tpo_tests::{Workplace, fixture};

/// Two models, two thought prompts, recorded responses, and two sets under two judges.
const CONFIG: &str = r#"
name = "tiny"
seed = 7

[sampling]
temperature = 1.0
top_p = 1.0
max_new_tokens = 60

[[model]]
name = "base"
source = "MODELS/tiny-llama"
thoughts = ["direct", "short"]

[[model]]
name = "recorded"
responses = "recorded.jsonl"

[[thought]]
name = "direct"
config = { preset = "direct" }

[[thought]]
name = "short"
max_tokens = 8

[[set]]
name = "words"
data = "words.jsonl"
num_samples = 2
judges = ["rules", "overlap"]

[[set]]
name = "gsm8k-answer-only"
data = "gsm8k.jsonl"

[judges.rules]
plugin = "rules"

[judges.overlap]
plugin = "overlap"
"#;

const SUBJECTS: [&str; 3] = ["base+direct", "base+short", "recorded"];

fn workplace() -> Workplace {
    let here = Workplace::new();
    let models = fixture("models").display().to_string();
    here.write("eval.toml", &CONFIG.replace("MODELS", &models));
    let topics = ["river", "stone", "garden", "lantern", "pocket", "valley"];
    let words = topics.iter().enumerate().map(|(index, topic)| {
        let category = ["nature", "things"][index % 2];
        format!(
            r#"{{"id": "w-{index}", "prompt": "Write about a {topic}.", "category": "{category}", "reference": "A {topic}.", "constraints": [{{"id": "length_constraints:number_words", "kwargs": {{"relation": "less than", "num_words": 12}}}}]}}"#
        )
    });
    here.write("words.jsonl", &words.collect::<Vec<_>>().join("\n"));
    let sums = (1..=6).map(|n| {
        format!(
            r#"{{"question": "What is {n} plus {n}?", "answer": "It is easy.\n#### {}"}}"#,
            2 * n
        )
    });
    here.write("gsm8k.jsonl", &sums.collect::<Vec<_>>().join("\n"));
    let recorded = topics.iter().enumerate().flat_map(|(index, topic)| {
        ["A fine", "An old"]
            .map(|start| format!(r#"{{"id": "w-{index}", "response": "{start} {topic}."}}"#))
    });
    here.write("recorded.jsonl", &recorded.collect::<Vec<_>>().join("\n"));
    here
}

fn evaluate(here: &Workplace, more: &[&str]) -> Value {
    let command = [
        "--quiet",
        "eval",
        "eval.toml",
        "--dir",
        "eval",
        "--format",
        "json",
    ];
    let shown = here.succeeds(&[&command, more].concat()).stdout;
    serde_json::from_str(&shown).expect("JSON")
}

fn judged<'a>(results: &'a Value, set: &str, judge: &str) -> &'a Value {
    let sets = results["sets"].as_array().expect("sets");
    let found = sets
        .iter()
        .find(|one| one["set"] == set && one["judge"] == judge);
    found.unwrap_or_else(|| panic!("{set} under {judge}"))
}

fn names(judged: &Value) -> Vec<&str> {
    let subjects = judged["subjects"].as_array().expect("subjects");
    subjects
        .iter()
        .map(|subject| subject["subject"].as_str().expect("a name"))
        .collect()
}

/// Every completion with its key and text.
fn completions(here: &Workplace) -> Vec<String> {
    let db = Connection::open(here.path("eval/eval.db")).expect("the store");
    let sql = "SELECT slice || instruction_id || sample || cache_key || body FROM completions \
               ORDER BY slice, instruction_id, sample";
    let mut statement = db.prepare(sql).expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("completions")
}

#[test]
fn one_command_evaluates_models_thought_prompts_sets_and_judges() {
    let here = workplace();
    let results = evaluate(&here, &[]);
    assert_eq!(names(judged(&results, "words", "rules")), SUBJECTS);
    assert_eq!(names(judged(&results, "words", "overlap")), SUBJECTS);
    // The recorded responses do not answer this set, which the known set's judge grades.
    let sums = judged(&results, "gsm8k-answer-only", "math");
    assert_eq!(names(sums), SUBJECTS[..2]);
    assert_eq!(sums["unit"], "accuracy");

    // Every mean is that of the stored outcomes.
    let db = Connection::open(here.path("eval/eval.db")).expect("the store");
    for set in results["sets"].as_array().expect("sets") {
        for subject in set["subjects"].as_array().expect("subjects") {
            let slice = subject["slice"].as_str().expect("a slice").to_owned();
            let body: String = db
                .query_row(
                    "SELECT body FROM outcomes WHERE slice = ?1 AND judge = ?2",
                    [&*slice, set["judge"].as_str().expect("a judge")],
                    |row| row.get(0),
                )
                .expect("an outcome");
            let outcome: Value = serde_json::from_str(&body).expect("JSON");
            let rows = &outcome["measurement"]["outcomes"]["scores"];
            let rows = rows.as_array().expect("rows");
            let samples = rows
                .iter()
                .flat_map(|row| row["samples"].as_array().expect("samples"));
            let is_malformed = samples.clone().any(|one| one == "malformed");
            if set["unit"] != "accuracy" && is_malformed {
                // The first model did not answer everything, so nothing stands for what is
                // malformed.
                assert!(subject["mean"].is_null(), "{slice}");
                continue;
            }
            let values = samples.map(|one| one["scored"].as_f64().unwrap_or(0.0));
            let counted = values.sum::<f64>() / (rows.len() * rows_samples(rows)) as f64;
            let told = subject["mean"]["value"].as_f64().expect("a mean");
            assert!((told - counted).abs() < 1e-9, "{slice}: {told}, {counted}");
        }
    }

    // Categories, and the files that other tools know.
    let subject = &judged(&results, "words", "rules")["subjects"][1];
    let categories = subject["categories"].as_array().expect("categories");
    assert_eq!(categories.len(), 2);
    assert_eq!(categories[0]["category"], "nature");
    let directory = here.path("eval/lm_eval/gsm8k-answer-only/math/base+direct");
    let read = |name: &str| fs::read_to_string(directory.join(name)).expect(name);
    let lm_eval: Value =
        serde_json::from_str(&read("results_gsm8k-answer-only.json")).expect("JSON");
    let of_task = &lm_eval["results"]["gsm8k-answer-only"];
    for key in [
        "exact_match,strict-match",
        "exact_match,flexible-extract",
        "score,math",
    ] {
        assert!(of_task[key].is_number(), "{key}: {of_task}");
    }
    let samples = read("samples_gsm8k-answer-only.jsonl");
    assert_eq!(samples.lines().count(), 3 * 6);
    let sample: Value = serde_json::from_str(samples.lines().next().expect("a row")).expect("JSON");
    let asked = sample["doc"]["messages"][0]["content"]
        .as_str()
        .expect("a prompt");
    assert_eq!(asked, "What is 1 plus 1? Output only the number answer.");
    assert_eq!(sample["target"], "2");
}

/// How many samples each instruction has.
fn rows_samples(rows: &[Value]) -> usize {
    rows[0]["samples"].as_array().expect("samples").len()
}

#[test]
fn a_killed_evaluation_samples_nothing_again_and_ends_the_same() {
    let whole = workplace();
    let results = evaluate(&whole, &[]);
    let expected = completions(&whole);

    let here = workplace();
    let mut kept: Vec<String> = Vec::new();
    let mut kills = 0;
    for share in [8, 3, 2] {
        let mut child = here
            .command(&["--quiet", "eval", "eval.toml", "--dir", "eval"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tpo starts");
        wait_for(&here, expected.len() / share);
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("SIGKILL");
            kills += 1;
        }
        child.wait().expect("a child");
        let now = completions(&here);
        assert!(
            kept.iter().all(|row| now.contains(row)),
            "a committed completion is gone or another one"
        );
        kept = now;
    }
    assert!(kills > 0, "it ended before it could be killed");
    assert_eq!(evaluate(&here, &[]), results);
    assert_eq!(completions(&here), expected);
}

/// Waits until so many completions are committed.
fn wait_for(here: &Workplace, count: usize) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        let path = here.path("eval/eval.db");
        if path.exists()
            && let Ok(db) = Connection::open(&path)
            && let Ok(committed) = db.query_row("SELECT count(*) FROM completions", [], |row| {
                row.get::<_, i64>(0)
            })
            && committed as usize >= count
        {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn another_judge_or_another_model_samples_only_what_is_new() {
    let here = workplace();
    evaluate(&here, &[]);
    let before = completions(&here);

    // Without its weights the model cannot be loaded: a changed judge needs none of it.
    let config = fs::read_to_string(here.path("eval.toml")).expect("the configuration");
    here.write(
        "eval.toml",
        &config.replace("plugin = \"overlap\"", "plugin = \"exact\""),
    );
    let results = evaluate(&here, &[]);
    assert_eq!(names(judged(&results, "words", "overlap")), SUBJECTS);
    assert_eq!(completions(&here), before);

    // Another model leaves the completions of the others alone.
    let qwen = fixture("models/tiny-qwen2").display().to_string();
    let results = evaluate(&here, &["--model", &format!("qwen={qwen}")]);
    assert_eq!(names(judged(&results, "words", "rules")).len(), 5);
    let after = completions(&here);
    assert!(before.iter().all(|row| after.contains(row)));
    assert!(after.len() > before.len());

    // More instructions leave those of the others alone; another seed samples them again.
    let words = fs::read_to_string(here.path("words.jsonl")).expect("the set");
    here.write(
        "words.jsonl",
        &format!(
            "{words}\n{}",
            words.lines().next().expect("a row").replace("w-0", "new")
        ),
    );
    let recorded = fs::read_to_string(here.path("recorded.jsonl")).expect("the responses");
    let new = "{\"id\": \"new\", \"response\": \"Hello.\"}";
    here.write("recorded.jsonl", &format!("{recorded}\n{new}\n{new}"));
    let ended = here.tpo(&["--quiet", "eval", "eval.toml", "--dir", "eval"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let later = completions(&here);
    assert!(before.iter().all(|row| later.contains(row)));
    // Another seed is sampled beside it, and so is another prompt under the same name.
    evaluate(&here, &["--set", "seed=8"]);
    let both = completions(&here);
    assert!(later.iter().all(|row| both.contains(row)));
    assert!(both.len() > later.len());
    evaluate(&here, &[]);
    assert_eq!(completions(&here), both);
}

#[test]
fn what_is_committed_outlives_a_smaller_limit_and_another_name() {
    let here = workplace();
    let first_results = evaluate(&here, &[]);
    let before = completions(&here);
    evaluate(&here, &["--limit", "2"]);
    assert_eq!(completions(&here), before);
    let config = fs::read_to_string(here.path("eval.toml")).expect("the configuration");
    here.write(
        "eval.toml",
        &config.replace("name = \"base\"", "name = \"renamed\""),
    );
    let results = evaluate(&here, &[]);
    let subjects = names(judged(&results, "words", "rules"));
    assert_eq!(subjects, ["renamed+direct", "renamed+short", "recorded"]);
    let first = &judged(&results, "words", "rules")["subjects"][0];
    assert!(
        first["against_first"].is_null(),
        "it is compared with itself"
    );
    let text = results["sets"].to_string().replace("renamed", "base");
    assert_eq!(text, first_results["sets"].to_string());
    assert_eq!(completions(&here), before);
}

#[test]
fn the_judge_of_a_known_set_judges_no_other() {
    let here = workplace();
    let tiny = fixture("models/tiny-llama").display().to_string();
    let ended = here.succeeds(&[
        "eval",
        "--dry-run",
        "--model",
        &tiny,
        "--data",
        "gsm8k=gsm8k.jsonl",
        "--data",
        "words.jsonl",
        "--judge",
        "rules",
    ]);
    let judged_by = |set: &str| {
        let mut lines = ended.stderr.lines();
        let line = lines.find(|line| line.contains(&format!("{set}: ")));
        line.and_then(|line| line.split("judged by ").nth(1))
            .map(str::to_owned)
    };
    assert_eq!(judged_by("gsm8k").as_deref(), Some("math"));
    assert_eq!(judged_by("words").as_deref(), Some("rules"));
}

/// Models whose tokens differ, and one model that has two names.
#[test]
fn models_that_count_in_other_tokens_or_are_the_same_are_told() {
    let here = workplace();
    let tiny = fixture("models/tiny-llama");
    let changed = [
        // A text begins with a space.
        (
            "splits",
            "tokenizer.json",
            "\"type\": \"ByteLevel\",\n    \"add_prefix_space\": false",
            "\"type\": \"ByteLevel\",\n    \"add_prefix_space\": true",
        ),
        (
            "short",
            "config.json",
            "\"max_position_embeddings\": 512",
            "\"max_position_embeddings\": 256",
        ),
    ];
    for (name, file, before, after) in changed {
        std::fs::create_dir(here.path(name)).expect("a directory");
        for entry in std::fs::read_dir(&tiny).expect("the model") {
            let path = entry.expect("a file").path();
            let to = here.path(name).join(path.file_name().expect("a name"));
            std::fs::copy(&path, to).expect("a copy");
        }
        let path = here.path(name).join(file);
        let text = std::fs::read_to_string(&path).expect("a file of the model");
        assert!(text.contains(before), "{file} has no {before}");
        std::fs::write(&path, text.replace(before, after)).expect("a file of the model");
    }
    let first = format!("first={}", tiny.display());
    let twin = format!("twin={}", tiny.display());
    let command = [
        "eval",
        "--dry-run",
        "--data",
        "words.jsonl",
        "--judge",
        "rules",
    ];
    let models = [&first, &twin, "splits=splits", "short=short"];
    let options = models.iter().flat_map(|model| ["--model", model]);
    let ended = here.succeeds(&command.into_iter().chain(options).collect::<Vec<_>>());
    for told in [
        "`first` and `twin` are the same model with the same thought prompt",
        "`splits` has another tokenizer than `first`",
        "`short` reads at most 256 tokens and `first` 512",
    ] {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    assert_eq!(ended.stderr.matches("another tokenizer").count(), 1);
}

#[test]
fn a_recorded_response_belongs_to_its_instruction_only() {
    let here = workplace();
    let rows = fs::read_to_string(here.path("recorded.jsonl")).expect("the responses");
    // The ids are those of the set, and the texts are those of another one.
    let other = rows.replace("\"response\"", "\"prompt\": \"Sing.\", \"response\"");
    here.write("recorded.jsonl", &other);
    let refusal = here.refusal(&["--quiet", "eval", "eval.toml"]);
    assert!(refusal.contains("answers none of the sets"), "{refusal}");
    // Three rows for two samples.
    let first = rows.lines().next().expect("a row");
    here.write("recorded.jsonl", &format!("{rows}\n{first}"));
    let refusal = here.refusal(&["--quiet", "eval", "eval.toml"]);
    assert!(refusal.contains("more than `num_samples`"), "{refusal}");
}

#[test]
fn the_tables_of_an_evaluation() {
    let here = workplace();
    let shown = here
        .succeeds(&["--quiet", "eval", "eval.toml", "--dir", "eval"])
        .stdout;
    insta::assert_snapshot!(shown);
}

#[test]
fn a_gate_fails_by_name_and_by_number() {
    let here = workplace();
    let gate = |threshold: &str| {
        here.tpo(&[
            "--quiet",
            "eval",
            "eval.toml",
            "--dir",
            "eval",
            "--fail-below",
            threshold,
        ])
    };
    // A model that is not measured cannot pass.
    let refused = gate("gsm8k-answer-only=0");
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("`recorded` has no responses to"),
        "{}",
        refused.stderr
    );
    let config = fs::read_to_string(here.path("eval.toml")).expect("a file");
    let recorded = "[[model]]\nname = \"recorded\"\nresponses = \"recorded.jsonl\"\n";
    here.write("eval.toml", &config.replace(recorded, ""));
    assert_eq!(gate("gsm8k-answer-only=0").code, 0);
    let failed = gate("gsm8k-answer-only=0.99");
    assert_eq!(failed.code, 10, "{}", failed.stderr);
    assert!(
        failed
            .stderr
            .contains("base+direct on gsm8k-answer-only (math)"),
        "{}",
        failed.stderr
    );
    assert_eq!(gate("gsm8k=0.5").code, 2);
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let here = workplace();
    let tiny = fixture("models/tiny-llama").display().to_string();
    let refused = |name: &str, arguments: &[&str]| {
        let refusal = here.refusal(&[&["--quiet", "eval"], arguments].concat());
        insta::assert_snapshot!(name, refusal);
    };
    let model = ["--model", &tiny];
    refused(
        "eval_without_a_model",
        &["--data", "words.jsonl", "--judge", "rules"],
    );
    refused("eval_without_a_set", &model);
    refused(
        "eval_without_a_judge",
        &[&model[..], &["--data", "words.jsonl"]].concat(),
    );
    refused(
        "eval_of_an_unknown_set",
        &[&model[..], &["--data", "gsm9k"]].concat(),
    );
    refused(
        "eval_of_a_set_that_is_not_at_hand",
        &[
            &model[..],
            &["--data", "ifeval", "--set", "sets_directory=sets"],
        ]
        .concat(),
    );
    refused(
        "eval_of_two_models_of_one_name",
        &[
            &model[..],
            &model,
            &["--data", "words.jsonl", "--judge", "rules"],
        ]
        .concat(),
    );
    refused(
        "eval_of_recorded_responses_with_a_gap",
        &["eval.toml", "--set", "set[0].num_samples=3"],
    );
    refused(
        "eval_with_an_unused_judge",
        &["eval.toml", "--judge", "choice"],
    );
    refused(
        "eval_with_an_unknown_baseline",
        &["eval.toml", "--baseline", "other"],
    );
    refused(
        "eval_with_an_unknown_key",
        &["eval.toml", "--set", "sampling.temprature=1"],
    );
    refused(
        "eval_of_own_thoughts_without_a_run",
        &["eval.toml", "--set", "model[0].thoughts=[\"own\"]"],
    );
}
