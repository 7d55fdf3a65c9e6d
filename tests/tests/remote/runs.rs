//! Whole runs whose judge asks a server.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use tpo_tests::scripted_server::{Asked, Conduct, Reply, ScriptedServer, opinion};
use tpo_tests::{Ended, Workplace, fixture};

use crate::desk::kept;

/// One iteration on a tiny model, in the directory `run`.
pub(crate) fn command(here: &Workplace, server: &ScriptedServer, settings: &[&str]) -> Command {
    let config = fixture("runs/tiny-full/tpo.toml");
    let mut command = here.command(&["run", "--dir", "run", "--judge", "self-taught"]);
    command.arg(config);
    let base_url = format!("models.judge.server.base_url={}", server.base_url());
    let fixed = [base_url.as_str(), "models.judge.server.model=scripted", "iterations=1"];
    for setting in fixed.iter().chain(settings) {
        command.arg("--set").arg(setting);
    }
    command
}

fn ends(here: &Workplace, server: &ScriptedServer, settings: &[&str]) -> Ended {
    here.ended(&command(here, server, settings).output().expect("tpo starts"))
}

fn good(asked: &Asked) -> Conduct {
    Reply::good(asked, &opinion(asked)).into()
}

fn count(here: &Workplace, sql: &str) -> i64 {
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    db.query_row(sql, [], |row| row.get(0)).expect("a count")
}

fn pairs(here: &Workplace) -> Vec<u8> {
    std::fs::read(here.path("run/pairs.jsonl")).expect("pairs")
}

#[test]
fn a_run_asks_a_server_and_goes_on_where_a_budget_ended() {
    let server = ScriptedServer::start(good);
    let whole = Workplace::new();
    let ended = ends(&whole, &server, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(count(&whole, "SELECT count(*) FROM preferences WHERE preference IN ('first', 'second')") > 20);
    assert!(count(&whole, "SELECT count(*) FROM pairs") > 0);
    let asked = server.records().len();
    assert_eq!(
        (server.times_asked().len(), kept(&whole, "run/replies.db").len()),
        (asked, asked),
        "something was asked twice"
    );

    let again = ScriptedServer::start(good);
    let parts = Workplace::new();
    let ended = ends(&parts, &again, &["models.judge.server.max_calls=30"]);
    assert!(ended.code > 0 && ended.stderr.contains("max_calls"), "exit {}:\n{}", ended.code, ended.stderr);
    assert_eq!(again.records().len(), 30);
    // The same command, with more to spend.
    let ended = ends(&parts, &again, &["models.judge.server.max_calls=100000"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(again.records().len(), asked);
    assert!(pairs(&whole) == pairs(&parts), "in parts it ends with other pairs");
}

#[test]
fn a_run_whose_judge_has_no_word_stops_and_goes_on_when_it_has() {
    let sense = Arc::new(AtomicBool::new(false));
    let server = ScriptedServer::start({
        let sense = Arc::clone(&sense);
        move |asked| if sense.load(Ordering::SeqCst) { good(asked) } else { Reply::good(asked, "It depends.").into() }
    });
    let here = Workplace::new();
    let settings = ["judge.max_unscored=0.5", "sampling.num_samples=8"];
    let ended = ends(&here, &server, &settings);
    assert!(ended.code > 0, "it went on:\n{}", ended.stderr);
    assert!(ended.stderr.contains("unscored") && ended.stderr.contains("no verdict"), "{}", ended.stderr);
    assert_eq!(count(&here, "SELECT count(*) FROM pairs"), 0);
    sense.store(true, Ordering::SeqCst);
    let ended = ends(&here, &server, &settings);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(count(&here, "SELECT count(*) FROM pairs") > 0);
}
