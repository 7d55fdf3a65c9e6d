//! Whole runs whose judge asks a server.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use serde_json::Value;
use tpo_tests::scripted_server::{
    Asked, Conduct, Reply, ScriptedServer, completion, longer, opinion,
};
use tpo_tests::{Ended, Workplace, fixture};

use crate::desk::{SELF_TAUGHT, kept};

/// One iteration on a tiny model, in the directory `run`.
pub(crate) fn command(here: &Workplace, server: &ScriptedServer, settings: &[&str]) -> Command {
    command_of(SELF_TAUGHT, here, server, settings)
}

/// The same with any judge.
pub(crate) fn command_of(
    judge: &str,
    here: &Workplace,
    server: &ScriptedServer,
    settings: &[&str],
) -> Command {
    let config = fixture("runs/tiny-full/tpo.toml");
    let mut command = here.command(&["run", "--dir", "run", "--judge", judge]);
    command.arg(config);
    let base_url = format!("models.judge.server.base_url={}", server.base_url());
    let fixed = [
        base_url.as_str(),
        "models.judge.server.model=scripted",
        "iterations=1",
    ];
    for setting in fixed.iter().chain(settings) {
        command.arg("--set").arg(setting);
    }
    command
}

fn ends(here: &Workplace, server: &ScriptedServer, settings: &[&str]) -> Ended {
    here.ended(
        &command(here, server, settings)
            .output()
            .expect("tpo starts"),
    )
}

fn good(asked: &Asked) -> Conduct {
    Reply::good(asked, &opinion(asked)).into()
}

/// The number that a query of the run's store gives.
pub(crate) fn count(here: &Workplace, sql: &str) -> i64 {
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    db.query_row(sql, [], |row| row.get(0)).expect("a count")
}

fn pairs(here: &Workplace) -> Vec<u8> {
    std::fs::read(here.path("run/pairs.jsonl")).expect("pairs")
}

#[test]
fn a_run_asks_a_server_and_resumes_where_a_budget_ended() {
    let server = ScriptedServer::start(good);
    let whole = Workplace::new();
    let ended = ends(&whole, &server, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        count(
            &whole,
            "SELECT count(*) FROM preferences WHERE preference IN ('first', 'second')"
        ) > 20
    );
    assert!(count(&whole, "SELECT count(*) FROM pairs") > 0);
    let asked = server.records().len();
    assert_eq!(
        (
            server.times_asked().len(),
            kept(&whole, "run/replies.db").len()
        ),
        (asked, asked),
        "something was asked twice"
    );

    let again = ScriptedServer::start(good);
    let parts = Workplace::new();
    let ended = ends(&parts, &again, &["models.judge.server.max_requests=30"]);
    assert!(
        ended.code > 0 && ended.stderr.contains("max_requests"),
        "exit {}:\n{}",
        ended.code,
        ended.stderr
    );
    assert_eq!(again.records().len(), 30);
    // The same command, with more to spend.
    let ended = ends(&parts, &again, &["models.judge.server.max_requests=100000"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(again.records().len(), asked);
    assert!(
        pairs(&whole) == pairs(&parts),
        "in parts it ends with other pairs"
    );
}

/// A server that comes to its senses when it is told, and what it does before that to whoever asks
/// for a verdict.
fn senseless(before: fn(&Asked) -> Conduct) -> (ScriptedServer, Arc<AtomicBool>) {
    let sense = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&sense);
    let script = move |asked: &Asked| {
        let is_comparison = longer(&asked.prompt).is_some();
        if is_comparison && !told.load(Ordering::SeqCst) {
            before(asked)
        } else {
            good(asked)
        }
    };
    (ScriptedServer::start(script), sense)
}

/// Half of the responses may be unscored.
const HALF: [&str; 3] = [
    "judge.max_unscored=0.5",
    "sampling.num_samples=16",
    "models.judge.server.attempts=1",
];

/// Runs until too many responses are unscored, for a reason.
fn stops(here: &Workplace, server: &ScriptedServer, reason: &str) {
    let ended = ends(here, server, &HALF);
    assert!(ended.code > 0, "it went on:\n{}", ended.stderr);
    assert!(
        ended.stderr.contains("unscored") && ended.stderr.contains(reason),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("hint:"),
        "it does not say what to do:\n{}",
        ended.stderr
    );
    assert_eq!(count(here, "SELECT count(*) FROM pairs"), 0);
}

fn resumes(here: &Workplace, server: &ScriptedServer, settings: &[&str]) {
    let ended = ends(here, server, settings);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(count(here, "SELECT count(*) FROM pairs") > 0);
}

#[test]
fn a_run_whose_model_says_nothing_stops_and_resumes_when_it_replies() {
    let (server, sense) = senseless(|asked| {
        let mut body = completion(asked, "");
        body["choices"][0]["message"]["content"] = Value::Null;
        Reply::json(200, &body).into()
    });
    let here = Workplace::new();
    stops(&here, &server, "the model failed");
    sense.store(true, Ordering::SeqCst);
    resumes(&here, &server, &HALF);
}

/// Replies without a verdict are replies, and kept.
#[test]
fn a_run_whose_judge_cannot_score_stops_and_resumes_when_it_can() {
    let (server, sense) = senseless(|asked| Reply::good(asked, "It depends.").into());
    let here = Workplace::new();
    stops(&here, &server, "no verdict");
    sense.store(true, Ordering::SeqCst);
    resumes(&here, &server, &HALF);
}

#[test]
fn a_run_whose_judge_cannot_score_resumes_when_more_is_tolerated() {
    let (server, sense) = senseless(|asked| Reply::good(asked, "It depends.").into());
    let here = Workplace::new();
    stops(&here, &server, "no verdict");
    sense.store(true, Ordering::SeqCst);
    resumes(
        &here,
        &server,
        &["judge.max_unscored=1.0", HALF[1], HALF[2]],
    );
}
