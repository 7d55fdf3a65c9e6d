//! `tpo eval` with judges that compare, and a server that likes long responses.

use std::collections::HashSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use serde_json::{Value, json};
use tpo_tests::scripted_server::{Asked, Conduct, Reply, ScriptedServer, opinion};
use tpo_tests::{Workplace, fixture};

use crate::benchmarks::{labeled, weighted};

const INSTRUCTIONS: usize = 36;

/// Two models of recorded responses: those of `long` are longer for three of four instructions.
fn workplace(server: &ScriptedServer, judge: &str) -> Workplace {
    let here = Workplace::new();
    let rows = |response: &dyn Fn(usize) -> Value| {
        let rows = (0..INSTRUCTIONS).map(|number| {
            let mut row = response(number);
            row["id"] = number.to_string().into();
            row.to_string()
        });
        rows.collect::<Vec<_>>().join("\n")
    };
    let category = |number: usize| ["odd", "even"][number % 2];
    here.write(
        "set.jsonl",
        &rows(&|number| {
            let prompt = format!("Question {number}.");
            json!({"prompt": prompt, "category": category(number)})
        }),
    );
    let text = |number: usize, longer: usize| format!("Answer {number}{}", "!".repeat(longer));
    here.write(
        "short.jsonl",
        &rows(&|number| json!({"response": text(number, 5 + number % 3)})),
    );
    here.write(
        "long.jsonl",
        &rows(&|number| {
            let longer = if number % 4 == 0 { 1 } else { 9 + number % 5 };
            json!({"response": text(number, longer)})
        }),
    );
    here.write(
        "eval.toml",
        &format!(
            "name = \"pairwise\"\n\
             [[model]]\nname = \"short\"\nresponses = \"short.jsonl\"\n\
             [[model]]\nname = \"long\"\nresponses = \"long.jsonl\"\n\
             [[set]]\nname = \"questions\"\ndata = \"set.jsonl\"\n\
             [judges.{judge}]\nplugin = \"{judge}\"\n\
             [models.judge.server]\nbase_url = \"{}\"\nmodel = \"judge\"\nconcurrency = 4\n",
            server.base_url()
        ),
    );
    here
}

fn evaluate(here: &Workplace) -> Value {
    let command = [
        "--quiet",
        "eval",
        "eval.toml",
        "--dir",
        "eval",
        "--format",
        "json",
    ];
    serde_json::from_str(&here.succeeds(&command).stdout).expect("JSON")
}

#[test]
fn alpaca_eval_rates_are_those_of_the_written_annotations() {
    let server = ScriptedServer::start(weighted);
    let here = workplace(&server, "alpaca-eval");
    here.succeeds(&["eval", "eval.toml", "--dir", "eval", "--dry-run"]);
    assert!(!here.path("eval").exists(), "a dry run leaves a directory");
    let results = evaluate(&here);
    let asked = server.records().len();
    let pairwise = &results["sets"][0]["subjects"][1]["pairwise"];
    let read = |name: &str| {
        let path = here.path(&format!(
            "eval/alpaca_eval/questions/alpaca-eval/long/{name}"
        ));
        std::fs::read_to_string(path).expect(name)
    };
    let annotations: Vec<Value> =
        serde_json::from_str(&read("annotations.json")).expect("annotations");
    assert_eq!(annotations.len(), INSTRUCTIONS);
    let preferences = annotations.iter().map(|one| {
        let (baseline, own) = (&one["output_1"], &one["output_2"]);
        let chars = |text: &Value| text.as_str().expect("text").chars().count();
        let preference = one["preference"].as_f64().expect("a preference");
        // Three quarters for the longer one, in both orders.
        let expected = if chars(own) > chars(baseline) {
            1.75
        } else {
            1.25
        };
        assert!((preference - expected).abs() < 1e-6, "{one}");
        preference
    });
    let mean = preferences.map(|one| one - 1.0).sum::<f64>() / INSTRUCTIONS as f64;
    let told = pairwise["win_rate"].as_f64().expect("a win rate");
    assert!((told - 100.0 * mean).abs() < 1e-6);
    assert_eq!(pairwise["n_wins"], INSTRUCTIONS * 3 / 4);
    assert!((told - 62.5).abs() < 1e-6);
    // At equal length this judge has no preference.
    let controlled = pairwise["length_controlled_minimal"]
        .as_f64()
        .expect("a rate");
    assert!((controlled - 50.0).abs() < 5.0, "{controlled}");
    let leaderboard = read("leaderboard.csv");
    assert!(leaderboard.starts_with(",win_rate,standard_error,n_wins,n_wins_base,n_draws,n_total"));

    assert_eq!(evaluate(&here), results);
    assert_eq!(server.records().len(), asked, "a reply is asked for again");
}

#[test]
fn two_names_of_one_model_are_two_subjects() {
    let server = ScriptedServer::start(good);
    let here = workplace(&server, "self-taught");
    let tiny = fixture("models/tiny-llama").display().to_string();
    let config = std::fs::read_to_string(here.path("eval.toml")).expect("the configuration");
    let twins =
        ["one", "two"].map(|name| format!("[[model]]\nname = \"{name}\"\nsource = \"{tiny}\"\n"));
    here.write(
        "eval.toml",
        &format!(
            "{config}{}[sampling]\nmax_new_tokens = 30\n",
            twins.concat()
        ),
    );
    let results = evaluate(&here);
    let subjects = &results["sets"][0]["subjects"];
    let gain = |index: usize| subjects[index]["against_first"].clone();
    assert_eq!(
        [&subjects[2]["subject"], &subjects[3]["subject"]],
        ["one", "two"]
    );
    assert!(gain(2).is_object(), "{subjects}");
    assert_eq!(gain(2), gain(3));
    assert_eq!(evaluate(&here), results);
}

#[test]
fn arena_hard_counts_strong_verdicts_three_times() {
    let server = ScriptedServer::start(labeled);
    let here = workplace(&server, "arena-hard");
    let results = evaluate(&here);
    let subject = &results["sets"][0]["subjects"][1];
    let read = |name: &str| {
        let path = here.path(&format!(
            "eval/alpaca_eval/questions/arena-hard/long/{name}"
        ));
        std::fs::read_to_string(path).expect(name)
    };
    let annotations: Vec<Value> =
        serde_json::from_str(&read("annotations.json")).expect("annotations");
    let (mut won, mut all) = (0.0, 0.0);
    for one in &annotations {
        let chars = |text: &Value| text.as_str().expect("text").len();
        let (baseline, own) = (chars(&one["output_1"]), chars(&one["output_2"]));
        let weight = if (baseline + own) % 2 == 0 { 3.0 } else { 1.0 };
        won += if own > baseline { weight } else { 0.0 };
        all += weight;
    }
    let score = subject["pairwise"]["arena_hard"]["score"]["value"]
        .as_f64()
        .expect("a score");
    assert!((score - 100.0 * won / all).abs() < 1e-9);
    assert_eq!(subject["against_first"]["conclusion"], "improved");
    let categories = subject["categories"].as_array().expect("categories");
    assert_eq!(categories.len(), 2);
}

#[test]
fn what_a_judge_failed_on_is_asked_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let server = ScriptedServer::start(move |asked: &Asked| {
        if asked.prompt.contains("Question 1") && is_broken.load(SeqCst) {
            Reply::new(500, "text/plain", "not now").into()
        } else {
            good(asked)
        }
    });
    let here = workplace(&server, "self-taught");
    let config = std::fs::read_to_string(here.path("eval.toml")).expect("the configuration");
    here.write("eval.toml", &format!("{config}attempts = 1\n"));
    let unscored = |results: &Value| results["sets"][0]["subjects"][1]["unscored"].as_u64();
    // Those with a number from 10 to 19, and 1.
    assert_eq!(unscored(&evaluate(&here)), Some(11));
    let asked = server.records().len();
    broken.store(false, SeqCst);
    assert_eq!(unscored(&evaluate(&here)), Some(0));
    // Both orders of eleven instructions, and nothing else.
    assert_eq!(server.records().len() - asked, 22);
}

fn good(asked: &Asked) -> Conduct {
    Reply::good(asked, &opinion(asked))
        .late(std::time::Duration::from_millis(5))
        .into()
}

#[test]
fn a_killed_evaluation_asks_for_no_reply_again() {
    let server = ScriptedServer::start(good);
    let here = workplace(&server, "self-taught");
    let tiny = fixture("models/tiny-llama").display().to_string();
    let config = std::fs::read_to_string(here.path("eval.toml")).expect("the configuration");
    // A model that runs here too, so that there are completions and replies.
    here.write(
        "eval.toml",
        &format!("{config}[[model]]\nname = \"tiny\"\nsource = \"{tiny}\"\n[sampling]\nmax_new_tokens = 30\n"),
    );
    let mut kills = 0;
    for answers in [10, 30, 60] {
        let requests = server.records().len();
        let before = answered(&server);
        let mut child = here
            .command(&["--quiet", "eval", "eval.toml", "--dir", "eval"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tpo starts");
        server.wait_for_answers(answers);
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("SIGKILL");
            kills += 1;
        }
        child.wait().expect("a child");
        let again = asked_behind(&server, requests)
            .intersection(&before)
            .count();
        // Four requests may have been answered and not yet committed when the kill came.
        assert!(again <= 4, "{again} replies are asked for again");
    }
    assert!(kills > 0, "it ended before it could be killed");
    let results = evaluate(&here);
    let asked = server.records().len();
    assert_eq!(evaluate(&here), results);
    assert_eq!(server.records().len(), asked, "a reply is asked for again");
}

fn answered(server: &ScriptedServer) -> HashSet<String> {
    server.answers().into_keys().collect()
}

fn asked_behind(server: &ScriptedServer, requests: usize) -> HashSet<String> {
    let records = server.records().into_iter().skip(requests);
    records.map(|record| record.prompt).collect()
}
